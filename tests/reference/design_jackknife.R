# Errors by leaving out sampled units: survey's own replicate weights, effects computed anew with each, the variance
# around the means of the strata, and Satterthwaite's degrees of freedom from the fourth powers of the deviations.
source("tests/reference/writing.R")
suppressMessages(library(survey))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

wcor <- function(m, w) cov.wt(m, wt = w / sum(w), cor = TRUE, method = "ML")$cor
beta <- function(r, y, x) solve(r[x, x, drop = FALSE], r[x, y])
r2 <- function(r, y, x) sum(beta(r, y, x) * r[x, y])
sd_of <- function(x, w) { # with the n of the sample, also where one of them is left out
  n <- length(w)
  sqrt(n / (n - 1) * sum(w * (x - sum(w * x) / sum(w))^2) / sum(w))
}

# deviations of the replicates, scaled so that their squares add up to the covariance; who is outside keeps a place
parts_of <- function(design, theta, keep) {
  jack <- as.svrepdesign(design, type = if (design$has.strata) "JKn" else "JK1")
  inside <- function(w, data) theta(w[keep], data[keep, ])
  found <- as.matrix(withReplicates(jack, inside, return.replicates = TRUE)$replicates)
  first <- !duplicated(design$cluster[, 1])
  stratum <- design$strata[first, 1]
  for (column in seq_len(ncol(found))) found[, column] <- found[, column] - ave(found[, column], stratum)
  scale <- if (design$has.strata) jack$rscales else rep(jack$scale, nrow(found))
  list(parts = found * sqrt(scale), jack = jack, inside = inside)
}

effect <- function(case, name, design, theta, keep, lost = 0) {
  value <- theta(weights(design)[keep], design$variables[keep, ])
  made <- parts_of(design, theta, keep)
  d <- made$parts[, 1]
  error <- sqrt(sum(d^2))
  df <- min(degf(design[keep, ]) - lost, 3 * sum(d^2)^2 / sum(d^4))
  put(case, paste(name, c("estimate", "std_error", "df")), c(value[1], error, df))
  put(case, paste(name, c("low", "high")), value[1] + c(-1, 1) * qt(0.975, df) * error)
  if (!design$has.strata) # survey's own error is the same there: both centre at the mean of all replicates
    put(case, paste(name, "withReplicates"), SE(withReplicates(made$jack, made$inside))[1])
}

hotelling <- function(case, name, design, theta, keep) {
  value <- theta(weights(design)[keep], design$variables[keep, ])
  d <- parts_of(design, theta, keep)$parts
  v <- crossprod(d)
  q <- length(value)
  z <- d %*% solve(chol(v))
  h <- q * (q + 1) / (2 / 3 * sum(rowSums(z^2)^2))
  df2 <- min(degf(design[keep, ]) - q, h - q + 1)
  f <- (h - q + 1) / (h * q) * drop(value %*% solve(v, value))
  put(case, paste(name, c("statistic", "df1", "df2", "p")), c(f, q, df2, pf(f, q, df2, lower.tail = FALSE)))
}

everything <- function(case, d, reference) {
  known <- function(names) rowSums(is.na(d$variables[names])) == 0
  m <- function(data, names) as.matrix(data[names])
  whole <- known(c("y", "x", "z"))
  effect(case, "path", d, function(w, data) beta(wcor(m(data, c("y", "x", "z")), w), 1, 2:3)[1], whole, 2)
  effect(case, "indirect", d, function(w, data) {
    r <- wcor(m(data, c("x", "z", "y")), w)
    r[1, 2] * beta(r, 3, 1:2)[2]
  }, whole, 2)
  effect(case, "mean", d, function(w, data)
    (sum(w * data$y) / sum(w) - reference) / sd_of(data$y, w), known("y"))
  effect(case, "plain mean", d, function(w, data) sum(w * data$y) / sum(w), known("y"))
  grouped <- known(c("y", "g"))
  slopes <- function(w, data) unname(coef(lm.wfit(model.matrix(~ factor(g), data), data$y, w))[-1])
  hotelling(case, "anova", d, slopes, grouped)
  ends <- grouped & d$variables$g %in% range(d$variables$g)
  effect(case, "t", d, slopes, ends, 1)
}

made <- read.csv("tests/reference/design_survey.csv", comment.char = "#")
data <- with(made, data.frame(W, REGION, BRANCH, y = LOY, x = SAT, z = log(BALANCE), g = TIER))
everything("weights", svydesign(ids = ~1, weights = ~W, data = data), 55)
everything("clusters", svydesign(ids = ~BRANCH, strata = ~REGION, weights = ~W, data = data), 55)

real <- shared("bank", "plspm_satisfaction.csv")
i <- seq_len(nrow(real))
real$W <- exp(((i * 37) %% 17 - 8) / 4)
real <- with(real, data.frame(W, y = sat1, x = qual1, z = val1, g = 1 + (expe1 > 6) + (expe1 > 8)))
real$y[i %% 19 == 0] <- NA
real$x[i %% 23 == 0] <- NA
everything("real", svydesign(ids = ~1, weights = ~W, data = real), 5.5)
write_reference("design_jackknife", rows, "survey")
