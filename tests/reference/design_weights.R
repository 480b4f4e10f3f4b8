# Replicate weights, post-stratification, raking, calibration and trimming, by the survey package.
source("tests/reference/writing.R")
suppressMessages(library(survey))
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
known <- data[!is.na(data$LOY) & !is.na(data$SAT), ]
known$VERY <- as.numeric(known$SAT >= 4)
plain <- svydesign(~1, weights = ~W, data = known)
clusters <- svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = known)
size <- ave(known$BRANCH, known$PAIR, FUN = function(x) length(unique(x)))
pairs <- svydesign(~BRANCH, strata = ~PAIR, weights = ~W, data = known[size == 2, ])
replicated <- function(case, r) {
  m <- svymean(~LOY + VERY, r)
  t <- svytotal(~LOY, r)
  q <- svyratio(~LOY, ~BALANCE, r)
  put(case, c("mean", "mean_error", "share", "share_error", "covariance", "total", "total_error", "ratio", "ratio_error", "df"),
      c(coef(m)[1], SE(m)[1], coef(m)[2], SE(m)[2], vcov(m)[1, 2], coef(t), SE(t), coef(q), SE(q), degf(r)))
  g <- svyglm(LOY ~ SAT, r)
  put(case, c("slope", "slope_error"), c(coef(g)[2], SE(g)[2]))
}
replicated("jackknife", as.svrepdesign(plain, type = "JK1"))
replicated("jackknife around the estimate", as.svrepdesign(plain, type = "JK1", mse = TRUE))
replicated("stratified jackknife", as.svrepdesign(clusters, type = "JKn"))
halves <- function(r) {
  branches <- unique(pairs$variables$BRANCH)
  factors <- weights(r, "replication")[match(branches, pairs$variables$BRANCH), ]
  for (i in seq_len(ncol(factors))) put("half sample factors", paste(branches, i), factors[, i])
}
halves(as.svrepdesign(pairs, type = "BRR"))
replicated("half samples", as.svrepdesign(pairs, type = "BRR"))
replicated("half samples of Fay", as.svrepdesign(pairs, type = "Fay", fay.rho = 0.3))
finite <- svydesign(~BRANCH, strata = ~REGION, weights = ~W, fpc = ~BRANCHES, data = known)
replicated("finite stratified jackknife", as.svrepdesign(finite, type = "JKn"))
# Bootstrap replicates are drawn here and handed over as factors of the branches.
set.seed(7)
boot <- as.svrepdesign(clusters, type = "subbootstrap", replicates = 20)
replicated("bootstrap", boot)
factors <- weights(boot, "replication")[match(unique(known$BRANCH), known$BRANCH), ]
for (r in 1:20) put("bootstrap factors", paste(unique(known$BRANCH), r), factors[, r])
put("bootstrap", c("scale", "rscale"), c(boot$scale, boot$rscales[1]))

adjusted <- function(case, d) {
  m <- svymean(~LOY, d)
  t <- svytotal(~VERY, d)
  by <- svymean(~LOY, subset(d, SEX == 2))
  q <- svyratio(~LOY, ~BALANCE, d)
  put(case, c("mean", "mean_error", "total", "total_error", "domain", "domain_error", "ratio", "ratio_error"),
      c(coef(m), SE(m), coef(t), SE(t), coef(by), SE(by), coef(q), SE(q)))
  w <- weights(d)
  put(case, c("weights_sum", "weights_squares", "weights_min", "weights_max"), c(sum(w), sum(w^2), range(w)))
}
tiers <- data.frame(TIER = 1:4, Freq = c(1500, 1200, 800, 400))
sexes <- data.frame(SEX = 1:2, Freq = c(2000, 1900))
exact <- list(maxit = 200, epsilon = 1e-13)
for (case in c("plain", "clusters")) {
  d <- if (case == "plain") plain else clusters
  adjusted(paste(case, "poststratified"), postStratify(d, ~TIER, tiers))
  adjusted(paste(case, "raked"), rake(d, list(~TIER, ~SEX), list(tiers, sexes), control = exact))
  totals <- c("(Intercept)" = 3900, "factor(TIER)2" = 1200, "factor(TIER)3" = 800, "factor(TIER)4" = 400, "SEX" = 5800)
  adjusted(paste(case, "calibrated linear"), calibrate(d, ~factor(TIER) + SEX, totals))
  adjusted(paste(case, "calibrated raking"), calibrate(d, ~factor(TIER) + SEX, totals, calfun = "raking", epsilon = 1e-13, maxit = 200))
  trimmed <- trimWeights(d, upper = 28, lower = 8)
  put(paste(case, "trimmed"), c("weights_sum", "weights_squares", "weights_min", "weights_max"),
      c(sum(weights(trimmed)), sum(weights(trimmed)^2), range(weights(trimmed))))
  strict <- trimWeights(d, upper = 28, lower = 8, strict = TRUE)
  put(paste(case, "trimmed strictly"), c("weights_sum", "weights_squares", "weights_min", "weights_max"),
      c(sum(weights(strict)), sum(weights(strict)^2), range(weights(strict))))
}
write_reference("design_weights", rows, "survey")
