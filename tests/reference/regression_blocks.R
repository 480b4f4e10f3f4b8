source("tests/reference/writing.R")
suppressMessages({library(car); library(sandwich)})
rows <- list()
add <- function(...) rows[[length(rows) + 1]] <<- number(...)
study <- function(case, d, y, first, second, branch) {
  d <- d[complete.cases(d[c(y, first, second)]), ]
  small_fit <- lm(reformulate(first, y), d); fit <- lm(reformulate(c(first, second), y), d)
  a <- anova(small_fit, fit); s <- summary(fit)
  add(case, c("n", "r2_first", "r2", "adjusted", "F", "p"), c(nrow(d), summary(small_fit)$r.squared, s$r.squared, s$adj.r.squared, a$F[2], a$`Pr(>F)`[2]))
  hc3 <- vcovHC(fit, "HC3"); cl <- vcovCL(fit, d[[branch]], type = "HC1")
  add(case, "hc3_wald", linearHypothesis(fit, paste(second, "= 0"), vcov. = hc3, test = "F")$F[2])
  add(case, "clustered_wald", linearHypothesis(fit, paste(second, "= 0"), vcov. = cl, test = "F")$F[2])
  for (i in seq_along(coef(fit))) add(case, paste(c("estimate", "hc3", "clustered"), i), c(coef(fit)[i], sqrt(diag(hc3))[i], sqrt(diag(cl))[i]))
  add(case, paste("vif", seq_along(c(first, second))), vif(fit))
  at <- c(1, 7, 20, nrow(d))
  for (i in at) {
    add(case, paste(c("hat", "student", "cook"), i), c(hatvalues(fit)[i], rstudent(fit)[i], cooks.distance(fit)[i]))
    add(case, paste("dfbetas", i, seq_along(coef(fit))), dfbetas(fit)[i, ])
  }
}
d <- small(); d$BRANCH <- (seq_len(nrow(d)) - 1) %% 9
study("small", d, "LOY", c("SEX", "SAT1"), c("SAT2", "SAT3"), "BRANCH")
b <- shared("bank", "plspm_satisfaction.csv"); b$BRANCH <- (seq_len(nrow(b)) - 1) %% 25
study("bank", b, "sat1", c("imag1", "expe1"), c("qual1", "val1", "val2"), "BRANCH")
write_reference("regression_blocks", rows, c("car", "sandwich"))
