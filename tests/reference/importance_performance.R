# Importance and performance by tier with their quadrants, stated against derived importance, and
# penalty-reward contrasts; R squared, its division and the kinds are written out by hand.
source("tests/reference/writing.R")
suppressMessages({library(sandwich); library(car)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
rsq <- function(d, y, xs) if (length(xs)) summary(lm(reformulate(xs, y), d))$r.squared else 0
map <- function(case, d, y, xs, low, high, stated = NULL) {
  keep <- complete.cases(d[c(y, xs)]); said <- if (is.null(stated)) NULL else d[keep, stated]; d <- d[keep, ]
  k <- length(xs); lmg <- numeric(k)
  R <- cor(d[c(y, xs)]); e <- eigen(R[xs, xs]); half <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)
  johnson <- as.vector(half^2 %*% solve(half, R[xs, y])^2)
  for (j in seq_along(xs)) for (size in 0:(k - 1)) {
    others <- setdiff(xs, xs[j])
    sets <- if (size == 0) list(character()) else combn(others, size, simplify = FALSE)
    lmg[j] <- lmg[j] + mean(sapply(sets, function(u) rsq(d, y, c(u, xs[j])) - rsq(d, y, u))) / k
  }
  performance <- (colMeans(d[xs]) - low) / (high - low) * 100
  quadrant <- function(i, p, line) ifelse(i >= mean(i), ifelse(p >= line, 0, 1), ifelse(p >= line, 3, 2))
  for (j in seq_along(xs)) add(paste(case, xs[j]), c("lmg", "relative_weight", "performance", "lmg means", "relative_weight means", "lmg midpoint"),
    c(lmg[j], johnson[j], performance[j], quadrant(lmg, performance, mean(performance))[j],
      quadrant(johnson, performance, mean(performance))[j], quadrant(lmg, performance, 50)[j]))
  add(case, c("n", "r_squared", "cut_importance", "cut_performance"), c(nrow(d), sum(lmg), mean(lmg), mean(performance)))
  if (!is.null(said)) {
    means <- colMeans(said, na.rm = TRUE)
    add(case, "spearman", cor(means, lmg, method = "spearman"))
    add(case, paste("rank_difference", xs), rank(-lmg) - rank(-means))
  }
}
contrast <- function(case, d, y, xs, low, high, branch = NULL) {
  d <- d[complete.cases(d[c(y, xs, branch)]), ]; z <- data.frame(y = d[[y]])
  for (x in xs) { z[[paste0(x, "_low")]] <- as.numeric(d[[x]] <= low); z[[paste0(x, "_high")]] <- as.numeric(d[[x]] >= high) }
  fit <- lm(y ~ ., z)
  V <- if (is.null(branch)) vcovHC(fit, type = "HC3") else vcovCL(fit, cluster = d[[branch]], type = "HC1")
  df <- if (is.null(branch)) fit$df.residual else length(unique(d[[branch]])) - 1
  b <- coef(fit); p <- matrix(NA, length(xs), 3)
  for (i in seq_along(xs)) {
    w <- rbind(penalty = names(b) == paste0(xs[i], "_low"), reward = names(b) == paste0(xs[i], "_high")) * 1
    w <- rbind(w, asymmetry = colSums(w))
    for (j in 1:3) {
      estimate <- sum(w[j, ] * b); se <- sqrt(drop(w[j, ] %*% V %*% w[j, ])); p[i, j] <- 2 * pt(-abs(estimate / se), df)
      add(paste(case, xs[i], rownames(w)[j]), c("estimate", "std_error", "df", "p", "low", "high"),
          c(estimate, se, df, p[i, j], estimate + c(-1, 1) * qt(0.975, df) * se))
    }
    add(paste(case, xs[i]), c("n_low", "n_high", "f"), c(sum(z[[paste0(xs[i], "_low")]]), sum(z[[paste0(xs[i], "_high")]]),
        linearHypothesis(fit, w[3, ], vcov. = V)$F[2]))
  }
  single <- p.adjust(as.vector(t(p[, 1:2])), "holm"); between <- p.adjust(p[, 3], "holm")
  for (i in seq_along(xs)) add(paste(case, xs[i]), c("penalty_holm", "reward_holm", "asymmetry_holm"), c(single[2 * i - 1], single[2 * i], between[i]))
  add(case, c("n", "r_squared"), c(nrow(d), summary(fit)$r.squared))
}
s <- small(); xs <- c("SAT1", "SAT2", "SAT3", "SAT4")
map("small", s, "LOY", xs, 1, 5)
for (t in 1:2) map(paste("small", t), s[which(s$TIER == t), ], "LOY", xs, 1, 5)
contrast("contrast small", s, "LOY", c("SAT1", "SAT3"), 2, 4)
bank <- shared("bank", "plspm_satisfaction.csv"); xs <- c("imag1", "expe1", "qual1", "qual4", "val1")
map("bank", bank, "sat1", xs, 0, 10)
for (g in c("female", "male")) map(paste("bank", g), bank[which(bank$gender == g), ], "sat1", xs, 0, 10)
bank$branch <- (seq_len(nrow(bank)) - 1) %% 20
contrast("contrast bank", bank, "sat1", xs, 2.5, 10)
contrast("contrast bank branches", bank, "sat1", xs, 3.3, 6.7, "branch")
kiosk <- read.csv(file.path("..", "shared", "data", "google_forms", "kiosk_service_quality_ko_cp949.csv"), fileEncoding = "CP949", check.names = FALSE)
first <- c(125, 127, 131, 135, 137, 145)  # importance, each with the satisfaction beside it; from 1 as R counts
picked <- kiosk[c(159, first + 1, first)]; names(picked) <- c("overall", paste0("p", seq_along(first)), paste0("i", seq_along(first)))
map("kiosk", picked, "overall", paste0("p", seq_along(first)), 1, 7, paste0("i", seq_along(first)))
contrast("contrast kiosk", picked, "overall", paste0("p", 1:3), 3, 5)
write_reference("importance_performance", rows, c("sandwich", "car"))
