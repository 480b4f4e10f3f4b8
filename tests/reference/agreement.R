# Intraclass correlations of unequal groups, and agreement within them.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(lme4)})
rows <- list()
add <- function(...) rows <<- c(rows, list(number(...)))
icc <- function(case, y, g) {
  keep <- complete.cases(y, g); y <- y[keep]; g <- factor(g[keep])
  a <- anova(lm(y ~ g)); msb <- a$`Mean Sq`[1]; msw <- a$`Mean Sq`[2]
  size <- as.numeric(table(g)); n <- length(y); N <- length(size); k0 <- (n - sum(size^2) / n) / (N - 1)
  add(case, c("n", "groups", "ms_between", "ms_within", "statistic", "p_value", "k0", "icc1", "icc2"),
      c(n, N, msb, msw, a$`F value`[1], a$`Pr(>F)`[1], k0, (msb - msw) / (msb + (k0 - 1) * msw), (msb - msw) / msb))
  m <- tapply(y, g, mean)
  theta <- function(p) { # Wald (1940), by the weighted least squares that lm does
    f <- function(t) { w <- size / (1 + size * t); sum(w * residuals(lm(m ~ 1, weights = w))^2) / ((N - 1) * msw) - qf(p, N - 1, n - N) }
    uniroot(f, c(-1 / max(size) + 1e-8, 1000), tol = 1e-14)$root
  }
  for (level in c(95, 90)) {
    t <- c(theta(1 - (100 - level) / 200), theta((100 - level) / 200))
    add(case, paste0(c("icc1_low", "icc1_high", "icc2_low", "icc2_high"), level), c(t / (1 + t), k0 * t / (1 + k0 * t)))
  }
}
data <- small()
for (item in c("SAT1", "SAT2", "LOY")) icc(paste("small", item), data[[item]], data$TIER)
real <- bfi; for (item in c("N1", "O1")) icc(paste("bfi", item), real[[item]], real$education)
s <- statsBy(data.frame(N1 = real$N1, O1 = real$O1, education = real$education), "education")
add("statsBy", c("icc1 N1", "icc2 N1", "icc1 O1", "icc2 O1"), c(s$ICC1[["N1"]], s$ICC2[["N1"]], s$ICC1[["O1"]], s$ICC2[["O1"]]))
# equal groups: psych's own interval. 20 branches of 6, answers made by a formula
y <- round(3 + 1.2 * sin(rep(1:20, each = 6) * 2.1) + 0.9 * cos((1:120) * 3.7), 1)
icc("equal", y, rep(1:20, each = 6))
own <- psych::ICC(matrix(y, 20, 6, byrow = TRUE), lmer = FALSE)$results
add("equal psych", c("icc1", "icc1_low", "icc1_high", "icc2", "icc2_low", "icc2_high"),
    unlist(c(own[1, c("ICC", "lower bound", "upper bound")], own[4, c("ICC", "lower bound", "upper bound")])))
v <- as.data.frame(VarCorr(lmer(y ~ 1 + (1 | g), data = data.frame(y, g = rep(1:20, each = 6)))))$vcov
add("equal lme4", "icc1", v[1] / sum(v))
# within-group agreement, by the formulas of James, Demaree and Wolf
items <- data[c("SAT1", "SAT2", "SAT3")]; keep <- complete.cases(items, data$TIER)
for (g in sort(unique(data$TIER[keep]))) {
  own <- items[keep & data$TIER == g, ]; s2 <- sapply(own, var); v <- (5^2 - 1) / 12
  single <- 1 - s2[[1]] / v; several <- 1 - mean(s2) / v
  add(paste("rwg", g), c("n", "rwg", "rwgj"), c(nrow(own), max(single, 0), if (several < 0) 0 else 3 * several / (3 * several + 1 - several)))
}
write_reference("agreement", rows, c("psych", "lme4"))
