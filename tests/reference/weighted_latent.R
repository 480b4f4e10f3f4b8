# Effects between constructs under a design: lavaan's weighted MLR, and with strata the variance that survey gives
# to the influence values of lavaan's estimates (as the package lavaan.survey does).
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(survey)})
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
real <- shared("bank", "plspm_satisfaction.csv")
i <- seq_len(nrow(real))
real$W <- 0.5 + (i * 37) %% 17 / 4 + real$loy4 / 10
real$STRATUM <- real$imag1 %/% 4
real$CLUSTER <- real$STRATUM * 1000 + (i * 7) %% 9
for (name in c("sat1", "loy2", "imag2", "val1")) real[(i + 5 * match(name, names(real))) %% 23 == 0, name] <- NA
models <- list(
  path = "s =~ sat1 + sat2 + sat3\n l =~ loy1 + loy2 + loy3\n l ~ s",
  controls = "s =~ sat1 + sat2 + sat3\n v =~ val1 + val2 + val3\n l =~ loy1 + loy2 + loy3\n l ~ s + v",
  series = paste0("i =~ imag2 + imag3 + imag4\n s =~ sat1 + sat2 + sat3\n l =~ loy1 + loy2 + loy3\n",
                  "s ~ p0*i\n l ~ p1*s + i")
)
tight <- list()
slope <- function(f, x) { # one column a parameter
  sapply(seq_along(x), function(j) {
    h <- 1e-3
    at <- function(by) { v <- x; v[j] <- v[j] + by * h; f(v) }
    (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
  })
}
casewise <- function(fit, data, x) { # log-likelihood of every respondent from what they answered
  implied <- lavaan:::lav_model_implied(lavaan:::lav_model_set_parameters(fit@Model, x = x))
  mu <- drop(implied$mean[[1]]); sigma <- implied$cov[[1]]
  names(mu) <- lavNames(fit, "ov"); dimnames(sigma) <- list(names(mu), names(mu))
  apply(data[, names(mu)], 1, function(y) {
    o <- !is.na(y)
    if (!any(o)) return(0)
    r <- y[o] - mu[o]; s <- sigma[o, o, drop = FALSE]
    -(sum(o) * log(2 * pi) + as.numeric(determinant(s)$modulus) + drop(r %*% solve(s, r))) / 2
  })
}
for (case in names(models)) {
  fit <- sem(models[[case]], real, estimator = "MLR", missing = "fiml", sampling.weights = "W", control = tight)
  clustered <- sem(models[[case]], real, estimator = "MLR", missing = "fiml", sampling.weights = "W",
                   cluster = "CLUSTER", control = tight)
  table <- parTable(fit)
  effect <- function(x) {
    est <- lavaan:::lav_standardize_all_x(x, lavobject = fit)
    at <- function(l, r) est[table$lhs == l & table$op == "~" & table$rhs == r]
    if (case == "series") at("s", "i") * at("l", "s") else at("l", "s")
  }
  w <- real$W / mean(real$W)
  x <- as.numeric(lavInspect(fit, "optim")$x)
  scores <- function(x) slope(function(v) casewise(fit, real, v), x)
  g <- drop(slope(effect, x))
  I <- solve(lavInspect(fit, "information.observed")) / nobs(fit)
  real$u <- drop((w * scores(x)) %*% I %*% g)
  design <- function(...) svydesign(..., weights = ~W, data = real)
  error <- function(d) sqrt(vcov(svytotal(~I(u / W), d))[1])
  put(case, c("estimate", "lavaan_weighted", "lavaan_clustered"),
      c(effect(x), sqrt(g %*% vcov(fit) %*% g), sqrt(g %*% vcov(clustered) %*% g)))
  put(case, c("weighted", "clustered", "stratified"),
      c(error(design(~1)), error(design(~CLUSTER)), error(design(~CLUSTER, strata = ~STRATUM))))
}
write_reference("weighted_latent", rows, c("lavaan", "survey"))
