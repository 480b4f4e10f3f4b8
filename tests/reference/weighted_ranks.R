# Effects by ranks under a design, in base R, with survey's variance of influence values. Placements, Walsh averages
# and ranks are written as matrices of all pairs; influence values of the rank-biserial correlation and of Cliff's
# delta are closed, those of the coefficient on ranks are derivatives by the weights (differences of fourth order),
# those of the linear trend are differentiated by symbols (svycontrast). Jackknives rank anew in every replicate.
source("tests/reference/writing.R")
suppressMessages(library(survey))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

wcor <- function(m, w) cov.wt(m, wt = w / sum(w), cor = TRUE, method = "ML")$cor
below <- function(x) { d <- outer(x, x, "-"); (d > 0) + (d == 0) / 2 }
ranks <- function(m, w) apply(m, 2, function(x) below(x) %*% w / sum(w))
on_ranks <- function(m, w) { r <- wcor(ranks(m, w), w); solve(r[-1, -1], r[-1, 1])[1] }  # first column on the others
walsh <- function(d, w) { s <- sign(outer(d, d, "+")); p <- outer(w, w); i <- upper.tri(s, TRUE); sum((p * s)[i]) / sum(p[i]) }
above <- function(x, y) { d <- outer(x, y, "-"); (d > 0) + (d == 0) / 2 }
delta <- function(x, v, y, w) 2 * drop(v %*% above(x, y) %*% w) / sum(v) / sum(w) - 1

derived <- function(theta, w) vapply(seq_along(w), function(i) {
  h <- w[i] * 1e-3
  at <- function(by) { v <- w; v[i] <- v[i] + by * h; theta(v) }
  w[i] * (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
}, 0)
error <- function(d, u) sqrt(svyrecvar(as.matrix(u), d$cluster, d$strata, d$fpc, postStrata = d$postStrata)[1])
told <- function(case, name, own, own_error, df, unit, slope) {
  put(case, paste(name, c("own_estimate", "own_std_error", "df")), c(own, own_error, df))
  e <- unit(own); s <- own_error * slope(own); t <- qt(0.975, df)
  put(case, paste(name, c("estimate", "std_error", "low", "high")), c(e, s, e - t * s, e + t * s))
}
d_z <- list(function(r) qnorm((r + 1) / 2) / sqrt(2), function(r) 1 / (2 * sqrt(2) * dnorm(qnorm((r + 1) / 2))))
d_two <- list(function(r) sqrt(2) * qnorm((r + 1) / 2), function(r) 1 / (sqrt(2) * dnorm(qnorm((r + 1) / 2))))
tau <- list(function(r) 2 / pi * asin(r), function(r) 2 / pi / sqrt(1 - r^2))
plain <- list(identity, function(r) 1)

one_sample <- function(case, d, y, x, z, g, reference, versus) {
  D <- d$variables; w <- weights(d); live <- w > 0
  degrees <- function(k) degf(d[k & live, ])
  spread <- function(k, values) { u <- numeric(length(w)); u[k] <- values; error(d, u) }

  for (name in c("signed", "signed2")) {
    difference <- round(if (name == "signed") D[[y]] - reference else D[[versus[1]]] - D[[versus[2]]], 12)
    k <- live & !is.na(difference) & difference != 0
    v <- difference[k]; h <- drop(sign(outer(v, v, "+")) %*% w[k]) / sum(w[k])
    s <- spread(k, 2 * w[k] * (h - weighted.mean(h, w[k])) / sum(w[k]))
    told(case, name, walsh(v, w[k]), s, degrees(k), d_z[[1]], d_z[[2]])
    put(case, paste(name, "n"), sum(live & !is.na(difference)))
  }
  for (name in c("ranks", "ranks2")) {
    columns <- c(y, x, if (name == "ranks2") z)
    k <- live & complete.cases(D[, columns]); m <- as.matrix(D[k, columns])
    f <- function(v) on_ranks(m, v)
    told(case, name, f(w[k]), spread(k, derived(f, w[k])), degrees(k) - length(columns) + 1, plain[[1]], plain[[2]])
    put(case, paste(name, "n"), sum(k))
  }
  k <- complete.cases(D[, c(y, g)])
  part <- d; part$variables <- data.frame(a = D[[y]], b = D[[g]]); part$variables[!k, ] <- 1; part <- part[k, ]
  s <- svycontrast(svymean(~a + b + I(a^2) + I(b^2) + I(a * b), part),
                   quote((`I(a * b)` - a * b) / sqrt((`I(a^2)` - a^2) * (`I(b^2)` - b^2))))
  told(case, "linear", coef(s), SE(s), degrees(k) - 1, tau[[1]], tau[[2]])
}

two_samples <- function(case, d1, d2, y) {
  take <- function(d) { w <- weights(d); k <- w > 0 & !is.na(d$variables[[y]]); list(k = k, w = w, y = d$variables[[y]]) }
  a <- take(d1); b <- take(d2)
  over <- above(a$y[a$k], b$y[b$k])
  va <- a$w[a$k]; vb <- b$w[b$k]
  p <- drop(over %*% vb) / sum(vb); q <- drop(va %*% over) / sum(va); P <- weighted.mean(p, va)
  ua <- numeric(length(a$k)); ua[a$k] <- 2 * va * (p - P) / sum(va)
  ub <- numeric(length(b$k)); ub[b$k] <- 2 * vb * (q - P) / sum(vb)
  v <- c(error(d1, ua), error(d2, ub))^2
  df <- sum(v)^2 / sum(v^2 / c(degf(d1[a$k, ]), degf(d2[b$k, ])))
  told(case, "delta", 2 * P - 1, sqrt(sum(v)), df, d_two[[1]], d_two[[2]])
  put(case, "delta n", sum(a$k) + sum(b$k))
}

# ---- a made-up survey of a bank: strata, two stages, finite populations, weights of zero, raking
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data))
data$BAL <- log(data$BALANCE)
designs <- list(
  weights = svydesign(~1, weights = ~W, data = data),
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  stages = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
total <- sum(data$W)
designs$raked <- calibrate(designs$clusters, ~factor(TIER) + factor(SEX),
                           c(total, total * c(0.3, 0.2, 0.1), total * 0.45), calfun = "raking", epsilon = 1e-13, maxit = 500)
for (case in names(designs)) { message(case); one_sample(case, designs[[case]], "LOY", "SAT", "BAL", "TIER", 55, c("SAT", "AGE")) }
half <- list(data[data$REGION <= 2, ], data[data$REGION > 2, ])
drawn <- lapply(half, function(h) svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = h))
two_samples("gap", drawn[[1]], drawn[[2]], "LOY")
staged <- lapply(half, function(h) svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = h))
two_samples("gap_staged", staged[[1]], drawn[[2]], "LOY")

# ---- svyranktest's estimate: with untied answers half of Cliff's delta, second group less first
untied <- data[!is.na(data$LOY), ]
untied$Y <- untied$LOY + untied$ROW / 1e6
test <- svyranktest(Y ~ I(SEX == 1), svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = untied))
put("svyranktest", "difference", test$estimate)

# ---- jackknives: every replicate ranks anew
jk <- function(d) as.svrepdesign(d, type = "JKn", mse = FALSE)
answered <- subset(designs$clusters, !is.na(LOY) & !is.na(SAT) & !is.na(AGE))
for (name in c("signed", "signed2", "ranks", "ranks2")) {
  s <- withReplicates(jk(answered), function(w, d) {
    k <- w > 0; w <- w[k]; d <- d[k, ]
    switch(name, signed = , signed2 = {
      v <- round(if (name == "signed") d$LOY - 55 else d$SAT - d$AGE, 12); walsh(v[v != 0], w[v != 0])
    }, ranks = on_ranks(as.matrix(d[, c("LOY", "SAT")]), w), ranks2 = on_ranks(as.matrix(d[, c("LOY", "SAT", "BAL")]), w))
  })
  put("jackknife", paste(name, c("own_estimate", "own_std_error")), c(coef(s), SE(s)))
}
# two samples in one frame: regions are strata, so that each region's branches are left out by turns
both <- svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data)
s <- withReplicates(jk(subset(both, !is.na(LOY))), function(w, d) {
  a <- w > 0 & d$REGION <= 2; b <- w > 0 & d$REGION > 2
  delta(d$LOY[a], w[a], d$LOY[b], w[b])
})
put("jackknife", c("delta own_estimate", "delta own_std_error"), c(coef(s), SE(s)))

# the same with squares around the means of the strata, by hand; pairs of a respondent with themselves left to their share
left_out <- function(theta, w, d) {
  v <- 0
  for (h in unique(d$REGION)) {
    units <- unique(d$BRANCH[d$REGION == h]); m <- length(units)
    again <- vapply(units, function(u) theta(ifelse(d$BRANCH == u, 0, ifelse(d$REGION == h, w * m / (m - 1), w)), d), 0)
    v <- v + (m - 1) / m * sum((again - mean(again))^2)
  }
  sqrt(v)
}
all_pairs <- function(d, w) drop(w %*% sign(outer(d, d, "+")) %*% w) / sum(w)^2
known <- complete.cases(data[, c("LOY", "SAT", "AGE")])
for (name in c("signed", "signed2", "ranks", "ranks2")) {
  put("left_out", name, left_out(function(w, d) {
    k <- w > 0; w <- w[k]; d <- d[k, ]
    switch(name, signed = , signed2 = {
      v <- round(if (name == "signed") d$LOY - 55 else d$SAT - d$AGE, 12); all_pairs(v[v != 0], w[v != 0])
    }, ranks = on_ranks(as.matrix(d[, c("LOY", "SAT")]), w), ranks2 = on_ranks(as.matrix(d[, c("LOY", "SAT", "BAL")]), w))
  }, ifelse(known, data$W, 0), data))
}
put("left_out", "delta", left_out(function(w, d) {
  a <- w > 0 & d$REGION <= 2; b <- w > 0 & d$REGION > 2
  delta(d$LOY[a], w[a], d$LOY[b], w[b])
}, ifelse(is.na(data$LOY), 0, data$W), data))

# ---- real answers: satisfaction with a credit institution, constructed weights, strata, clusters and blanks
real <- shared("bank", "plspm_satisfaction.csv")
i <- seq_len(nrow(real))
real$W <- 0.5 + (i * 37) %% 17 / 4 + real$loy1 / 10
real$STRATUM <- real$imag1 %/% 4
real$CLUSTER <- real$STRATUM * 1000 + (i * 7) %% 9
real$GROUP <- 1 + (real$expe1 > 6) + (real$expe1 > 8)
for (name in c("sat1", "loy2", "qual1", "val1")) real[(i + nchar(name) * match(name, names(real))) %% 23 == 0, name] <- NA
one_sample("real", svydesign(~CLUSTER, strata = ~STRATUM, weights = ~W, data = real), "sat1", "qual1", "val1", "GROUP", 7, c("sat1", "sat2"))
women <- real[real$gender == "female", ]; men <- real[real$gender == "male", ]
two_samples("real_gap", svydesign(~CLUSTER, weights = ~W, data = women), svydesign(~1, weights = ~W, data = men), "sat1")
write_reference("weighted_ranks", rows, "survey")
