source("tests/reference/writing.R")
suppressMessages({library(lme4); library(nlme); library(lmerTest)})
rows <- list()
# lme4's own criterion minimised more closely than its optimisers do
closely <- function(formula, data, reml) {
  parts <- lFormula(formula, data, REML = reml)
  criterion <- do.call(mkLmerDevfun, parts)
  found <- optimize(criterion, c(0, 10), tol = 1e-12)
  criterion(found$minimum)
  mkMerMod(environment(criterion), list(par = found$minimum, fval = found$objective, conv = 0), parts$reTrms, fr = parts$fr)
}
model <- function(case, formula, data, reml) {
  fit <- closely(formula, data, reml)
  b <- fixef(fit); v <- as.matrix(vcov(fit))
  vc <- as.data.frame(VarCorr(fit))$vcov
  x <- model.matrix(fit)
  f <- drop(var(drop(x %*% b)))       # Nakagawa & Schielzeth: sample variance of the fixed part
  null <- closely(update(formula, . ~ 1 + (1 | BRANCH)), model.frame(fit), reml)
  vn <- as.data.frame(VarCorr(null))$vcov
  rows[[length(rows) + 1]] <<- number(case, c("n", "groups", "between", "within", "icc", "null_icc", "log_likelihood", "r2_marginal", "r2_conditional"),
    c(nrow(x), ngrps(fit), vc[1], vc[2], vc[1] / sum(vc), vn[1] / sum(vn), as.numeric(logLik(fit)), f / (f + sum(vc)), (f + vc[1]) / (f + sum(vc))))
  rows[[length(rows) + 1]] <<- number(case, paste("estimate", seq_along(b)), b)
  rows[[length(rows) + 1]] <<- number(case, paste("std_error", seq_along(b)), sqrt(diag(v)))
  test <- lmerTest::lmer(formula, data, REML = reml)
  rows[[length(rows) + 1]] <<- number(case, paste("df", seq_along(b)), summary(test)$coefficients[, "df"])
  # nlme must say the same
  own <- lme(update(formula, . ~ . - (1 | BRANCH)), random = ~ 1 | BRANCH, data = model.frame(fit), method = if (reml) "REML" else "ML",
             control = lmeControl(tolerance = 1e-12, msTol = 1e-13))
  print(c(case, all.equal(unname(own$coefficients$fixed), unname(b), tolerance = 1e-5)))
  u <- ranef(fit)$BRANCH[, 1]
  rows[[length(rows) + 1]] <<- number(case, paste("branch", seq_along(u)), u)
}
d <- small()
d$BRANCH <- c(1, 2, 3, 3, 4, 4, 5, 6, 7, 8)[(seq_len(nrow(d)) - 1) %% 10 + 1]
d$CLIMATE <- d$LOY + 5 * ((d$BRANCH * 7) %% 5)
for (reml in c(TRUE, FALSE)) {
  case <- if (reml) "REML" else "ML"
  model(paste("small", case), CLIMATE ~ SAT1 + SEX + (1 | BRANCH), d, reml)
  model(paste("empty", case), CLIMATE ~ 1 + (1 | BRANCH), d, reml)
}
real <- shared("bank", "service_quality_SQ.csv")
real$BRANCH <- (rowSums(real[c("a01", "a02", "a03")]) %/% 12) 
for (reml in c(TRUE, FALSE)) model(paste("bank", if (reml) "REML" else "ML"), sat ~ a10 + a15 + (1 | BRANCH), real, reml)
write_reference("mixed_models", rows, c("lme4", "nlme", "lmerTest"))
