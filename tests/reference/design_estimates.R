# Means, totals, ratios, shares, quantiles, domains under seven designs, by the survey package.
source("tests/reference/writing.R")
suppressMessages(library(survey))
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
designs <- list(
  weights = svydesign(~1, weights = ~W, data = data),
  strata = svydesign(~1, strata = ~REGION, weights = ~W, data = data),
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  nested = svydesign(~BRANCH_IN_REGION, strata = ~REGION, weights = ~W, data = data, nest = TRUE),
  finite = svydesign(~BRANCH, strata = ~REGION, weights = ~W, fpc = ~BRANCHES, data = data),
  stages = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
estimates <- function(case, d) {
  put(case, "degf", degf(d))
  for (name in c("SAT", "LOY")) {
    known <- subset(d, !is.na(get(name)))
    m <- svymean(reformulate(name), d, na.rm = TRUE, deff = "replace")
    k <- degf(known)
    ends <- confint(m, df = k)
    put(paste(case, "mean", name), c("estimate", "std_error", "deff_replace", "df", "low", "high"),
        c(coef(m), SE(m), deff(m), k, ends))
    t <- svytotal(reformulate(name), d, na.rm = TRUE)
    put(paste(case, "total", name), c("estimate", "std_error", "low", "high"), c(coef(t), SE(t), confint(t, df = k)))
  }
  both <- subset(d, !is.na(LOY) & !is.na(SAT))
  s <- svyratio(~LOY, ~BALANCE, d, na.rm = TRUE)
  put(paste(case, "ratio"), c("estimate", "std_error"), c(coef(s), SE(s)))
  # svyvar counts respondents without an answer or a weight in its n / (n - 1); those who count are kept here.
  counted <- if (case == "zero") subset(d, !is.na(LOY) & W_ZERO > 0) else subset(d, !is.na(LOY))
  v <- svyvar(~LOY, counted)
  put(paste(case, "variance"), c("estimate", "std_error"), c(coef(v), SE(v)))
  pair <- svymean(~SAT + LOY, both)
  put(paste(case, "pair"), c("covariance", "difference", "difference_error"),
      c(vcov(pair)[1, 2], coef(svycontrast(pair, c(1, -1))), SE(svycontrast(pair, c(1, -1)))))
  for (method in c("logit", "beta", "xlogit", "asin", "mean")) {
    # The beta interval counts respondents without an answer or a weight among its n, unless they are left out.
    counted <- if (case == "zero") subset(d, !is.na(LEAVES) & W_ZERO > 0) else subset(d, !is.na(LEAVES))
    p <- svyciprop(~I(LEAVES == 1), counted, method = method, df = degf(counted))
    put(paste(case, "share", method), c("estimate", "std_error", "low", "high"), c(coef(p), SE(p), confint(p)))
  }
  levels <- svymean(~factor(SAT), d, na.rm = TRUE)
  put(paste(case, "shares"), paste0(rep(c("estimate", "std_error"), each = 5), 1:5), c(coef(levels), SE(levels)))
  for (rule in c("math", "school")) for (type in c("mean", "beta", "xlogit")) {
    q <- svyquantile(~LOY, d, c(0.25, 0.5, 0.9), na.rm = TRUE, interval.type = type, qrule = rule,
                     df = degf(subset(d, !is.na(LOY))))$LOY
    for (i in 1:3) put(paste(case, "quantile", rule, type, c("0.25", "0.5", "0.9")[i]),
                       c("estimate", "low", "high", "std_error"), q[i, 1:4])
  }
  q <- svyquantile(~SAT, d, c(0.25, 0.5, 0.9), na.rm = TRUE, df = degf(subset(d, !is.na(SAT))))$SAT
  for (i in 1:3) put(paste(case, "quantile ties", c("0.25", "0.5", "0.9")[i]),
                     c("estimate", "low", "high", "std_error"), q[i, 1:4])
  women <- subset(d, SEX == 2)
  m <- svymean(~LOY, women, na.rm = TRUE)
  put(paste(case, "domain"), c("estimate", "std_error", "df"),
      c(coef(m), SE(m), degf(subset(women, !is.na(LOY)))))
  t <- svytotal(~LOY, women, na.rm = TRUE)
  put(paste(case, "domain total"), c("estimate", "std_error"), c(coef(t), SE(t)))
  known <- subset(d, !is.na(LOY))
  by <- svyby(~LOY, ~TIER, known, svymean, covmat = TRUE)
  put(paste(case, "by"), paste0(rep(c("estimate", "std_error"), each = 4), 1:4), c(coef(by), SE(by)))
  put(paste(case, "by"), c("covariance12", "covariance34"), c(vcov(by)[1, 2], vcov(by)[3, 4]))
}
for (case in names(designs)) estimates(case, designs[[case]])
for (option in c("certainty", "remove", "adjust", "average")) {
  options(survey.lonely.psu = option)
  d <- svydesign(~BRANCH, strata = ~LONELY_STRATUM, weights = ~W, data = data)
  m <- svymean(~LOY, d, na.rm = TRUE)
  put(paste("lonely", option), c("estimate", "std_error"), c(coef(m), SE(m)))
  d <- svydesign(~BRANCH + ROW, strata = ~LONELY_STRATUM, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data)
  m <- svymean(~LOY, d, na.rm = TRUE)
  put(paste("lonely stages", option), c("estimate", "std_error"), c(coef(m), SE(m)))
}
options(survey.lonely.psu = "fail")
# One vote a customer against weights by assets: every row twice, the respondent as the cluster below the branch.
for (case in c("weights", "strata", "clusters")) {
  twice <- rbind(cbind(data, VOTE = data$W, HOW = 0), cbind(data, VOTE = data$ASSETS, HOW = 1))
  ids <- if (case == "clusters") ~BRANCH else ~ROW
  strata <- if (case == "weights") NULL else ~REGION
  d <- svydesign(ids, strata = strata, weights = ~VOTE, data = twice)
  known <- subset(d, !is.na(LOY))
  by <- svyby(~LOY, ~HOW, known, svymean, covmat = TRUE)
  contrast <- svycontrast(by, c(-1, 1))
  put(paste(case, "weight contrast"), c("first", "second", "estimate", "std_error", "df"),
      c(coef(by), coef(contrast), SE(contrast), degf(known)))
}
write_reference("design_estimates", rows, "survey")
