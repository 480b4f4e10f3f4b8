# Reliability, correlations and regressions of items under a design, by the survey package: real customers of
# a credit institution under made-up weights, strata and clusters, some answers taken away.
source("tests/reference/writing.R")
suppressMessages(library(survey))
suppressMessages(library(psych))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
bank <- shared("bank", "plspm_satisfaction.csv")
items <- c("sat1", "sat2", "sat3", "sat4", "loy1", "loy2", "loy3", "loy4")
i <- seq_len(nrow(bank))
for (j in seq_along(items)) bank[(i * 13 + j * 7) %% 37 == 0, items[j]] <- NA
bank$W <- 1 + (i * 7) %% 11 / 4
bank$CLUSTER <- i %% 25
bank$STRATUM <- bank$CLUSTER %% 3
bank$MALE <- as.numeric(bank$gender == bank$gender[1])
sat <- items[1:4]
bank$SUM <- rowSums(bank[sat])
designs <- list(
  weights = svydesign(~1, weights = ~W, data = bank),
  clusters = svydesign(~CLUSTER, strata = ~STRATUM, weights = ~W, data = bank)
)
designs$jackknife <- as.svrepdesign(designs$clusters, type = "JKn", mse = FALSE)
plus <- function(terms) as.formula(paste("~", paste(terms, collapse = "+")))
name <- function(a, b) as.name(paste0(a, ":", b))
alpha_of <- function(v, k) k / (k - 1) * (1 - sum(diag(v)) / sum(v))
for (case in names(designs)) {
  whole <- designs[[case]]
  known <- subset(whole, !is.na(SUM))
  covariance <- as.matrix(svyvar(plus(sat), known))[sat, sat]
  put(paste(case, "alpha"), "svycralpha", svycralpha(plus(sat), known))
  put(paste(case, "alpha"), c("estimate", "n"), c(alpha_of(covariance, 4), sum(!is.na(bank$SUM))))
  put(paste(case, "alpha"), "df", degf(known))
  # the error by the delta method on the means of squares, whose influence values svymean has
  center <- coef(svymean(plus(c(sat, "SUM")), known))
  squares <- known
  squares$variables$WITHIN <- rowSums(sweep(squares$variables[sat], 2, center[sat])^2)
  squares$variables$ALL <- (squares$variables$SUM - center["SUM"])^2
  if (case == "jackknife") {
    error <- SE(withReplicates(known, function(w, data) alpha_of(cov.wt(data[sat], w)$cov, 4)))
  } else {
    error <- SE(svycontrast(svymean(~WITHIN + ALL, squares), quote(4 / 3 * (1 - WITHIN / ALL))))
  }
  put(paste(case, "alpha"), "std_error", error)
  a <- alpha_of(covariance, 4)
  reach <- qt(0.975, degf(known)) * error / (1 - a)
  put(paste(case, "alpha"), c("low", "high"), c(1 - (1 - a) * exp(reach), 1 - (1 - a) * exp(-reach)))
  put(paste(case, "alpha"), paste0("mean", 1:4), center[sat])
  put(paste(case, "alpha"), paste0("sd", 1:4), sqrt(diag(covariance)))
  for (one in 1:4) put(paste(case, "alpha"), paste0("dropped", one), alpha_of(covariance[-one, -one], 3))
  for (one in 1:4) put(paste(case, "alpha"), paste0("rest", one), sum(covariance[one, -one]) /
                       sqrt(covariance[one, one] * sum(covariance[-one, -one])))

  all_known <- subset(whole, complete.cases(bank[items]))
  r <- cov2cor(as.matrix(svyvar(plus(items), all_known))[items, items])
  put(paste(case, "correlations"), "n", sum(complete.cases(bank[items])))
  for (p in 2:8) for (q in 1:(p - 1)) {
    put(paste(case, "correlations"), paste0("r", q, p), r[q, p])
  }
  # pairwise, with errors: of each pair over its own respondents
  for (pair in list(c(1, 2), c(1, 5), c(4, 8))) {
    x <- items[pair[1]]; y <- items[pair[2]]
    both <- subset(whole, !is.na(bank[[x]]) & !is.na(bank[[y]]))
    m <- coef(svymean(plus(c(x, y)), both))
    both$variables$XX <- (both$variables[[x]] - m[1])^2
    both$variables$YY <- (both$variables[[y]] - m[2])^2
    both$variables$XY <- (both$variables[[x]] - m[1]) * (both$variables[[y]] - m[2])
    found <- svycontrast(svymean(~XX + YY + XY, both), quote(XY / sqrt(XX * YY)))
    where <- paste(case, "pair", pair[1], pair[2])
    error <- if (case == "jackknife") {
      SE(withReplicates(both, function(w, data) cov.wt(data[c(x, y)], w, cor = TRUE)$cor[1, 2]))
    } else SE(found)
    put(where, c("estimate", "std_error", "df"), c(coef(found), error, degf(both)))
    z <- atanh(coef(found)); reach <- qt(0.975, degf(both)) * error / (1 - coef(found)^2)
    put(where, c("low", "high"), tanh(c(z - reach, z + reach)))
  }
  one <- fa(r, nfactors = 1, fm = "minres", n.obs = 200)
  put(paste(case, "factors"), paste0("loading", 1:8), one$loadings[, 1])
  put(paste(case, "factors"), "kmo", KMO(r)$MSA)
  put(paste(case, "factors"), "eigenvalue", eigen(r)$values[1])
  halves <- splitHalf(cov2cor(covariance), raw = TRUE)
  put(paste(case, "halves"), c("lambda4", "lambda6", "worst", "mean", "lambda3", "lambda2"),
      c(halves$maxrb, halves$lambda6, halves$minrb, halves$meanr, halves$alpha, halves$lambda2))
}

# kappa of two ordered answers, by the delta method on the shares of the cells; nominal as svykappa has it
bank$ONE <- factor(pmin(pmax(ceiling((bank$sat1 - 4) / 2), 1), 3), 1:3)
bank$TWO <- factor(pmin(pmax(ceiling((bank$loy1 - 4) / 2), 1), 3), 1:3)
kappa_of <- function(p, w) {
  chance <- outer(rowSums(p), colSums(p))
  (sum(w * p) - sum(w * chance)) / (1 - sum(w * chance))
}
steps <- abs(outer(1:3, 1:3, "-")) / 2
kinds <- list(quadratic = 1 - steps^2, linear = 1 - steps, nominal = diag(3))
for (case in names(designs)) {
  d <- designs[[case]]
  d$variables$ONE <- bank$ONE
  d$variables$TWO <- bank$TWO
  d <- subset(d, !is.na(ONE) & !is.na(TWO))
  cells <- svymean(~interaction(ONE, TWO), d)
  for (kind in names(kinds)) {
    w <- kinds[[kind]]
    value <- kappa_of(matrix(coef(cells), 3), w)
    slope <- sapply(1:9, function(cell) {
      move <- function(by) kappa_of(matrix(coef(cells) + by * (1:9 == cell), 3), w)
      (8 * (move(1e-4) - move(-1e-4)) - (move(2e-4) - move(-2e-4))) / 12e-4
    })
    error <- sqrt(drop(slope %*% vcov(cells) %*% slope))
    if (case == "jackknife") error <- SE(withReplicates(d, function(weights, data)
      kappa_of(xtabs(weights ~ ONE + TWO, data) / sum(weights), w)))
    reach <- qt(0.975, degf(d)) * error
    put(paste(case, "kappa", kind), c("estimate", "std_error", "low", "high", "n"),
        c(value, error, value - reach, value + reach, sum(!is.na(bank$ONE) & !is.na(bank$TWO))))
  }
  if (case != "jackknife") {
    k <- svykappa(~ONE + TWO, d)
    stopifnot(abs(coef(k) - kappa_of(matrix(coef(cells), 3), diag(3))) < 1e-12)
    put(paste(case, "kappa nominal"), "svykappa_error", SE(k))
  }
}

line_of <- function(fit, l) c(sum(l * coef(fit)), sqrt(drop(l %*% vcov(fit) %*% l)))
coefficients <- function(case, fit) {
  k <- length(coef(fit))
  put(case, paste0("estimate", 1:k), coef(fit))
  put(case, paste0("std_error", 1:k), SE(fit))
  ends <- confint(fit, ddf = fit$df.residual)
  put(case, paste0("low", 1:k), ends[, 1])
  put(case, paste0("high", 1:k), ends[, 2])
  put(case, "df", fit$df.residual)
}
for (case in names(designs)) {
  d <- subset(designs[[case]], complete.cases(bank[c("loy1", "sat1", "sat2", "sat3")]))
  moderated <- svyglm(loy1 ~ sat1 + sat2 + sat3 + I(sat1 * sat2), d)
  coefficients(paste(case, "moderation"), moderated)
  put(paste(case, "moderation"), "n", nrow(d$variables))
  for (at in c(4, 8)) {
    # without svycontrast, which stumbles over replicates; the product comes last
    put(paste(case, "moderation"), paste0(c("slope", "slope_error"), at), line_of(moderated, c(0, 1, 0, 0, at)))
  }
  w <- weights(d, "sampling")
  y <- d$variables$loy1
  before <- 0
  steps <- list(first = loy1 ~ sat1, second = loy1 ~ sat1 + sat2 + sat3)
  added <- list(first = ~sat1, second = ~sat2 + sat3)
  for (step in names(steps)) {
    fit <- svyglm(steps[[step]], d)
    where <- paste(case, "block", step)
    coefficients(where, fit)
    test <- regTermTest(fit, added[[step]])
    put(where, c("statistic", "df1", "df2", "p_value"), c(test$Ftest, test$df, test$ddf, test$p))
    r2 <- 1 - sum(w * (y - fitted(fit))^2) / sum(w * (y - weighted.mean(y, w))^2)
    put(where, c("r_squared", "change"), c(r2, r2 - before))
    before <- r2
  }
  d$variables$X <- d$variables$sat1 - 5.5
  d$variables$Y <- d$variables$sat2 - 5.5
  surface <- svyglm(loy1 ~ X + Y + I(X^2) + I(X * Y) + I(Y^2), d)
  coefficients(paste(case, "surface"), surface)
  lines <- list(a1 = c(0, 1, 1, 0, 0, 0), a2 = c(0, 0, 0, 1, 1, 1), a3 = c(0, 1, -1, 0, 0, 0),
                a4 = c(0, 0, 0, 1, -1, 1), a5 = c(0, 0, 0, 1, 0, -1))
  for (line in names(lines)) {
    put(paste(case, "surface"), paste0(line, c("", "_error")), line_of(surface, lines[[line]]))
  }
}
write_reference("design_items", rows, c("survey", "psych"))
