# Linear mixed models by lme4 and lmerTest: sleepstudy, Dyestuff, Dyestuff2 (a variance of nought), MathAchieve of nlme
# (160 schools of unequal size), sleepstudy and MathAchieve with answers taken out by row number, IBM's employees.
source(file.path("tests", "reference", "writing.R"))
suppressMessages({ library(lme4); library(lmerTest) })

tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-13, xtol_rel = 0, ftol_abs = 1e-15,
                     ftol_rel = 0, maxeval = 5000), calc.derivs = TRUE,
                     check.conv.singular = "ignore", check.conv.grad = "ignore")
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

taken_out <- function(data, outcome, predictor) {
  data[seq(3, nrow(data), 7), outcome] <- NA
  data[seq(5, nrow(data), 11), predictor] <- NA
  data
}

# where the full likelihood's deviance is a chi-square quantile above its lowest, searched on lme4's own deviance
profiled <- function(case, formula, data) {
  deviance <- lmer(formula, data, REML = FALSE, control = tight, devFunOnly = TRUE)
  inside <- environment(deviance)
  n <- length(inside$resp$y)
  pieces <- function(theta) { deviance(theta); c(inside$pp$ldL2(), inside$resp$wrss() + inside$pp$sqrL(1)) }
  at <- function(theta, sigma) {
    p <- pieces(theta); p[1] + n * log(2 * pi * sigma^2) + p[2] / sigma^2
  }
  best <- optimize(deviance, c(0, 10), tol = 1e-12)
  if (deviance(0) <= best$objective) best <- list(minimum = 0, objective = deviance(0))
  sigma <- sqrt(pieces(best$minimum)[2] / n)
  limit <- best$objective + qchisq(0.95, 1)
  root <- function(f, low, high) uniroot(function(x) f(x) - limit, c(low, high), tol = 1e-13, maxiter = 2000)$root
  least <- function(f, near) optimize(function(z) f(exp(z)), log(max(near, 1e-3)) + c(-7, 5), tol = 1e-11)$objective
  share <- function(theta) theta^2 / (1 + theta^2)
  b <- best$minimum
  add(case, "icc_low", if (b > 0 && deviance(0) > limit) share(root(deviance, 0, b)) else 0)
  add(case, "icc_high", share(root(deviance, b, max(20 * b, 20))))
  between <- function(sd) if (sd == 0) deviance(0) else least(function(s) at(sd / s, s), sigma)
  add(case, "sd0_low", if (b > 0 && deviance(0) > limit) root(between, 0, b * sigma) else 0)
  add(case, "sd0_high", root(between, b * sigma, max(20 * b * sigma, 5 * sigma)))
  residual <- function(s) least(function(t) at(t, s), b)
  add(case, "sd1_low", root(residual, sigma / 3, sigma))
  add(case, "sd1_high", root(residual, sigma, 3 * sigma))
}

describe <- function(case, formula, data, reml = TRUE, slope = NULL) {
  model <- lmer(formula, data, REML = reml, control = tight)
  table <- coef(summary(model, ddf = "Satterthwaite"))
  add(case, "n", nobs(model)); add(case, "n_groups", ngrps(model))
  for (k in seq_len(nrow(table))) {
    for (j in 1:5) add(case, paste0(c("estimate", "std_error", "df", "statistic", "p_value")[j], k - 1), table[k, j])
    reach <- qt(0.975, table[k, 3]) * table[k, 2]
    add(case, paste0("low", k - 1), table[k, 1] - reach); add(case, paste0("high", k - 1), table[k, 1] + reach)
  }
  spread <- VarCorr(model)[[1]]
  sds <- attr(spread, "stddev")
  for (k in seq_along(sds)) add(case, paste0("sd", k - 1), sds[k])
  add(case, paste0("sd", length(sds)), sigma(model))
  if (length(sds) == 2) add(case, "correlation", attr(spread, "correlation")[1, 2])
  add(case, "icc", spread[1, 1] / (spread[1, 1] + sigma(model)^2))
  add(case, "log_likelihood", as.numeric(logLik(model)))
  x <- getME(model, "X")
  z <- if (length(sds) == 2) x[, c(1, match(slope, colnames(x)))] else x[, 1, drop = FALSE]
  explained <- var(as.vector(x %*% fixef(model)))
  random <- mean(rowSums((z %*% spread) * z))
  total <- explained + random + sigma(model)^2
  add(case, "r_squared_marginal", explained / total)
  add(case, "r_squared_conditional", (explained + random) / total)
  smaller <- if (length(sds) == 2) {
    lmer(update(formula, as.formula(paste0(". ~ . - (1 + ", slope, " | ", names(ranef(model)), ") + (1 | ",
                names(ranef(model)), ")"))), model.frame(model), REML = reml, control = tight)
  } else lm(as.formula(paste(deparse(nobars(formula)), collapse = "")), model.frame(model))
  ratio <- max(0, 2 * as.numeric(logLik(model) - logLik(smaller, REML = reml)))
  add(case, "likelihood_ratio", ratio)
  add(case, "likelihood_ratio_p", if (length(sds) == 2) (pchisq(ratio, 1, lower.tail = FALSE) +
      pchisq(ratio, 2, lower.tail = FALSE)) / 2 else (if (ratio == 0) 1 else 0) / 2 + pchisq(ratio, 1, lower.tail = FALSE) / 2)
  if (length(sds) == 1) profiled(case, formula, data)
}

describe("sleep", Reaction ~ Days + (1 | Subject), sleepstudy)
describe("sleep_ml", Reaction ~ Days + (1 | Subject), sleepstudy, reml = FALSE)
describe("sleep_slope", Reaction ~ Days + (1 + Days | Subject), sleepstudy, slope = "Days")
describe("sleep_slope_ml", Reaction ~ Days + (1 + Days | Subject), sleepstudy, reml = FALSE, slope = "Days")
gaps <- taken_out(sleepstudy, "Reaction", "Days")
describe("sleep_gaps", Reaction ~ Days + (1 | Subject), gaps)
describe("sleep_gaps_slope", Reaction ~ Days + (1 + Days | Subject), gaps, slope = "Days")
describe("dyestuff", Yield ~ 1 + (1 | Batch), Dyestuff)
describe("dyestuff_ml", Yield ~ 1 + (1 | Batch), Dyestuff, reml = FALSE)
describe("dyestuff2", Yield ~ 1 + (1 | Batch), Dyestuff2)
math <- as.data.frame(nlme::MathAchieve)
math$School <- as.character(math$School)
math$Female <- as.numeric(math$Sex == "Female")
describe("math", MathAch ~ SES + Female + (1 | School), math)
describe("math_slope", MathAch ~ SES + Female + (1 + SES | School), math, slope = "SES")
describe("math_gaps", MathAch ~ SES + Female + (1 | School), taken_out(math, "MathAch", "SES"))
ibm <- shared("employees", "ibm_hr_attrition.csv")
ibm$LogIncome <- log(ibm$MonthlyIncome)
describe("ibm", LogIncome ~ TotalWorkingYears + JobSatisfaction + (1 | JobRole), ibm)
# the same on z-scores of the complete rows, as effectsize::standardize_parameters(method = "refit") has it
z <- function(data, variables) {
  whole <- data[complete.cases(data[, variables]), ]
  for (name in variables) whole[[name]] <- as.vector(scale(whole[[name]]))
  whole
}
holes <- taken_out(ibm, "LogIncome", "TotalWorkingYears")
describe("ibm_z", LogIncome ~ TotalWorkingYears + JobSatisfaction + (1 | JobRole),
         z(holes, c("LogIncome", "TotalWorkingYears", "JobSatisfaction")))
math_holes <- taken_out(math, "MathAch", "SES")
describe("math_z", MathAch ~ SES + Female + (1 | School), z(math_holes, c("MathAch", "SES", "Female")))
refit <- effectsize::standardize_parameters(lmer(MathAch ~ SES + Female + (1 | School),
  math_holes[complete.cases(math_holes[, c("MathAch", "SES", "Female")]), ], control = tight), method = "refit")
add("math_refit", "estimate1", refit$Std_Coefficient[2])
write_reference("mixed_models", rows, c("lme4", "lmerTest", "effectsize"))
