source("tests/reference/writing.R")
suppressMessages({library(lme4); library(nlme)})
rows <- list()
model <- function(case, formula, data, reml) {
  fit <- lmer(formula, data, REML = reml, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5)))
  b <- fixef(fit); v <- as.matrix(vcov(fit))
  vc <- as.data.frame(VarCorr(fit))$vcov
  x <- model.matrix(fit)
  f <- drop(var(drop(x %*% b)))       # Nakagawa & Schielzeth: sample variance of the fixed part
  null <- lmer(update(formula, . ~ 1 + (1 | BRANCH)), model.frame(fit), REML = reml)
  vn <- as.data.frame(VarCorr(null))$vcov
  rows[[length(rows) + 1]] <<- number(case, c("n", "groups", "between", "within", "icc", "null_icc", "log_likelihood", "r2_marginal", "r2_conditional"),
    c(nrow(x), ngrps(fit), vc[1], vc[2], vc[1] / sum(vc), vn[1] / sum(vn), as.numeric(logLik(fit)), f / (f + sum(vc)), (f + vc[1]) / (f + sum(vc))))
  rows[[length(rows) + 1]] <<- number(case, paste("estimate", seq_along(b)), b)
  rows[[length(rows) + 1]] <<- number(case, paste("std_error", seq_along(b)), sqrt(diag(v)))
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
write_reference("mixed_models", rows, c("lme4", "nlme"))
