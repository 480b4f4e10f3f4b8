# Regressions, tables and comparisons of groups under a design, by the survey package.
source("tests/reference/writing.R")
suppressMessages(library(survey))
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data))
data$GROUP <- factor(data$TIER)
data$UNTIED <- data$LOY + data$ROW / 1e5
data$ONE <- 1
data$GOLD <- as.numeric(data$TIER >= 3)
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
designs <- list(
  weights = svydesign(~1, weights = ~W, data = data),
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  stages = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
model <- function(case, fit) {
  s <- summary(fit, df.resid = fit$df.residual)
  k <- length(coef(fit))
  put(case, paste0("estimate", 1:k), coef(fit))
  put(case, paste0("std_error", 1:k), SE(fit))
  put(case, paste0("p_value", 1:k), s$coefficients[, 4])
  ends <- confint(fit, ddf = fit$df.residual)
  put(case, paste0("low", 1:k), ends[, 1])
  put(case, paste0("high", 1:k), ends[, 2])
  put(case, "df", fit$df.residual)
}
for (case in names(designs)) {
  d <- designs[[case]]
  if (case == "zero") d <- subset(d, W_ZERO > 0)
  d0 <- designs[[case]]
  linear <- svyglm(LOY ~ SAT + GROUP, subset(d, !is.na(LOY) & !is.na(SAT)))
  model(paste(case, "linear"), linear)
  w <- regTermTest(linear, ~GROUP)
  put(paste(case, "linear wald"), c("statistic", "df1", "df2", "p_value"), c(w$Ftest, w$df, w$ddf, w$p))
  logistic <- svyglm(LEAVES ~ LOY + SEX, subset(d, !is.na(LOY) & !is.na(LEAVES)), family = quasibinomial(),
                     control = glm.control(epsilon = 1e-14, maxit = 100))
  model(paste(case, "logistic"), logistic)
  ordinal <- svyolr(factor(SAT) ~ I(LOY / 10) + GOLD, subset(d, !is.na(LOY) & !is.na(SAT)),
                    control = list(reltol = 1e-15, maxit = 1000))
  k <- nrow(vcov(ordinal))
  put(paste(case, "ordinal"), paste0("estimate", 1:(k - 4)), coef(ordinal)[1:(k - 4)])
  put(paste(case, "ordinal"), paste0("threshold", 1:4), ordinal$zeta)
  put(paste(case, "ordinal"), paste0("std_error", 1:k), sqrt(diag(vcov(ordinal))))
  anova <- svyglm(LOY ~ GROUP, subset(d, !is.na(LOY)))
  w <- regTermTest(anova, ~GROUP)
  put(paste(case, "anova"), c("statistic", "df1", "df2", "p_value"), c(w$Ftest, w$df, w$ddf, w$p))
  t <- svyttest(LOY ~ SEX, subset(d, !is.na(LOY)))
  put(paste(case, "ttest"), c("estimate", "statistic", "df", "p_value", "low", "high"),
      c(t$estimate, t$statistic, t$parameter, t$p.value, confint(t)))
  # With ties and unequal weights the ranks of svyranktest depend on the order of the rows: answers without ties here.
  for (test in c("wilcoxon", "vanderWaerden", "median")) {
    r <- svyranktest(UNTIED ~ SEX, subset(d, !is.na(LOY)), test = test)
    put(paste(case, "rank two", test), c("estimate", "statistic", "df", "p_value"),
        c(r$estimate, r$statistic, r$parameter, r$p.value))
  }
  for (test in c("KruskalWallis", "vanderWaerden", "median")) {
    r <- svyranktest(UNTIED ~ GROUP, subset(d, !is.na(LOY)), test = test)
    # survey hands the statistic out as "parameter" and the degrees of freedom as "statistic"
    put(paste(case, "rank several", test), c("statistic", "df1", "df2", "p_value"),
        c(r$parameter, r$statistic, r$ddf, r$p.value))
  }
  known <- subset(d, !is.na(SAT))
  pair <- subset(d, !is.na(LEAVES))
  for (test in c("F", "Chisq", "Wald", "adjWald")) {
    for (table in c("SAT TIER", "LEAVES SEX")) {
      r <- suppressWarnings(if (table == "SAT TIER") svychisq(~SAT + TIER, known, statistic = test)
                            else svychisq(~LEAVES + SEX, pair, statistic = test))
      df <- if (length(r$parameter) == 2) r$parameter else c(r$parameter, Inf)
      put(paste(case, "table", table, test), c("statistic", "df1", "df2", "p_value"), c(r$statistic, df, r$p.value))
    }
  }
}
even <- svydesign(~BRANCH, strata = ~REGION, weights = ~ONE, data = data)
for (test in c("wilcoxon", "vanderWaerden", "median")) {
  r <- svyranktest(SAT ~ SEX, subset(even, !is.na(SAT)), test = test)
  put(paste("even rank ties", test), c("estimate", "statistic", "df", "p_value"),
      c(r$estimate, r$statistic, r$parameter, r$p.value))
}
write_reference("design_models", rows, "survey")
