source("tests/reference/writing.R")
suppressMessages({library(MASS); library(ordinal); library(sandwich); library(numDeriv)})
rows <- list()
add <- function(case, quantities, values) rows[[length(rows) + 1]] <<- number(case, quantities, values)

# thresholds and slopes of clm in the order slopes, thresholds
model <- function(case, data, formula, link, weights = NULL) {
  data$w <- if (is.null(weights)) 1 else weights
  fit <- clm(formula, data = data, weights = w, link = link, control = clm.control(gradTol = 1e-10))
  null <- clm(update(formula, . ~ 1), data = data, weights = w, link = link)
  v <- vcov(fit); b <- coef(fit)
  k <- length(fit$alpha); o <- c((k + 1):length(b), 1:k)
  b <- b[o]; v <- v[o, o]
  names <- c(paste0("slope", seq_along(fit$beta)), paste0("threshold", 1:k))
  add(case, c("n", "log_likelihood", "lr"), c(sum(data$w), fit$logLik, 2 * (fit$logLik - null$logLik)))
  add(case, paste(names, "estimate"), b)
  add(case, paste(names, "std_error"), sqrt(diag(v)))
  list(b = b, v = v, fit = fit, k = k)
}

# average marginal effects with the delta method, derivatives by numDeriv
ame <- function(case, found, x, link, w = rep(1, nrow(x)), contrasts = list()) {
  cdf <- if (link == "logit") plogis else pnorm
  p <- ncol(x)
  shares <- function(theta, x) {
    limits <- outer(drop(-x %*% theta[1:p]), theta[-(1:p)], "+")
    cum <- cbind(0, cdf(limits), 1)
    colSums((cum[, -1] - cum[, -ncol(cum)]) * w) / sum(w)
  }
  for (j in 1:p) {
    effect <- if (is.null(contrasts[[as.character(j)]])) function(theta) {
      # the derivative in closed form: densities at the limits
      limits <- outer(drop(-x %*% theta[1:p]), theta[-(1:p)], "+")
      d <- cbind(0, (if (link == "logit") dlogis else dnorm)(limits), 0)
      -theta[j] * colSums((d[, -1] - d[, -ncol(d)]) * w) / sum(w)
    } else function(theta) {
      one <- zero <- x
      one[, contrasts[[as.character(j)]]] <- 0; zero[, contrasts[[as.character(j)]]] <- 0; one[, j] <- 1
      shares(theta, one) - shares(theta, zero)
    }
    e <- effect(found$b); jac <- jacobian(effect, found$b)
    add(paste(case, "ame", j), paste("answer", seq_along(e), "estimate"), e)
    add(paste(case, "ame", j), paste("answer", seq_along(e), "std_error"), sqrt(diag(jac %*% found$v %*% t(jac))))
  }
}

# Brant (1990), written out from binary logits
brant <- function(case, y, x, w = rep(1, length(y)), cluster = NULL) {
  cuts <- sort(unique(y)); cuts <- cuts[-length(cuts)]
  full <- cbind(1, x); p <- ncol(x); m <- length(cuts)
  fits <- lapply(cuts, function(cut) glm.fit(full, as.numeric(y > cut), weights = w, family = binomial(),
                                             control = list(epsilon = 1e-14, maxit = 100)))
  pi <- lapply(fits, fitted)
  bread <- lapply(pi, function(q) solve(t(full) %*% (full * w * q * (1 - q))))
  v <- matrix(0, m * p, m * p)
  for (i in 1:m) for (j in 1:m) {
    a <- min(i, j); b <- max(i, j)
    meat <- if (is.null(cluster)) t(full) %*% (full * w * (pi[[b]] - pi[[a]] * pi[[b]])) else
      t(rowsum(full * w * ((y > cuts[i]) - pi[[i]]), cluster)) %*% rowsum(full * w * ((y > cuts[j]) - pi[[j]]), cluster)
    v[(i - 1) * p + 1:p, (j - 1) * p + 1:p] <- (bread[[i]] %*% meat %*% bread[[j]])[-1, -1]
  }
  beta <- unlist(lapply(fits, function(f) f$coefficients[-1]))
  test <- function(cols) {
    d <- do.call(rbind, lapply(2:m, function(i) { r <- matrix(0, length(cols), m * p)
      for (c in seq_along(cols)) { r[c, cols[c]] <- 1; r[c, (i - 1) * p + cols[c]] <- -1 }; r }))
    drop(t(d %*% beta) %*% solve(d %*% v %*% t(d)) %*% (d %*% beta))
  }
  add(case, "all", test(1:p))
  add(case, paste("predictor", 1:p), sapply(1:p, test))
  for (j in 1:p) add(case, paste("slope", j, "cut", 1:m), beta[(0:(m - 1)) * p + j])
}

d <- small()
d <- d[c("SAT1", "SAT2", "LOY", "SEX", "TIER")]
d$SAT1 <- ordered(d$SAT1)
whole <- d[complete.cases(d[c("SAT1", "SAT2", "LOY", "SEX")]), ]
x <- as.matrix(whole[c("SAT2", "LOY", "SEX")])
for (link in c("logit", "probit")) {
  found <- model(paste("small", link), whole, SAT1 ~ SAT2 + LOY + SEX, link)
  ame(paste("small", link), found, x, link)
  w <- rep_len(c(1, 2, 3), nrow(whole))
  weighted <- model(paste("small weighted", link), whole, SAT1 ~ SAT2 + LOY + SEX, link, w)
  ame(paste("small weighted", link), weighted, x, link, w)
}
brant("small brant", as.integer(whole$SAT1 >= 2) + (whole$SAT1 >= 3) + (whole$SAT1 >= 4), x[, c("SAT2", "SEX")])
# polr must say the same as clm
polr_fit <- polr(SAT1 ~ SAT2 + LOY + SEX, whole, Hess = TRUE, control = list(reltol = 1e-14))
stopifnot(all.equal(unname(polr_fit$coefficients), unname(clm(SAT1 ~ SAT2 + LOY + SEX, data = whole)$beta), tolerance = 1e-5))
# a category as predictor
whole <- d[complete.cases(d[c("SAT1", "LOY", "TIER")]), ]
whole$TIER <- factor(whole$TIER)
tiers <- model("small tiers", whole, SAT1 ~ TIER + LOY, "logit")
ame("small tiers", tiers, model.matrix(~ TIER + LOY, whole)[, -1], "logit",
    contrasts = list(`1` = 1:3, `2` = 1:3, `3` = 1:3))

# clusters: sandwich of the scores, by sandwich::vcovCL on polr; robust: HC0
bank <- shared("bank", "plspm_satisfaction.csv")
bank$BRANCH <- rep_len(1:25, nrow(bank))
bank$y <- ordered(pmin(pmax(bank$sat1, 4), 9))
use <- c("imag1", "expe1", "qual1")
for (link in c("logit", "probit")) {
  found <- model(paste("bank", link), bank, y ~ imag1 + expe1 + qual1, link)
  ame(paste("bank", link), found, as.matrix(bank[use]), link)
  fit <- clm(y ~ imag1 + expe1 + qual1, data = bank, link = link, control = clm.control(gradTol = 1e-10))
  # scores of every respondent by numeric derivative of the own log-likelihood
  cdf <- if (link == "logit") plogis else pnorm
  X <- as.matrix(bank[use]); Y <- as.integer(bank$y)
  ll <- function(t) { lim <- c(-Inf, t[-(1:3)], Inf); eta <- drop(X %*% t[1:3]); log(cdf(lim[Y + 1] - eta) - cdf(lim[Y] - eta)) }
  s <- jacobian(ll, found$b)
  add(paste("bank", link), paste("robust", seq_along(found$b)), sqrt(diag(found$v %*% crossprod(s) %*% found$v)))
  cl <- rowsum(s, bank$BRANCH)
  add(paste("bank", link), paste("clustered", seq_along(found$b)),
      sqrt(diag(found$v %*% crossprod(cl) %*% found$v) * 25 / 24))
}
Y <- as.integer(bank$y)
brant("bank brant", Y, as.matrix(bank[use]))
brant("bank brant weighted", Y, as.matrix(bank[use]), rep_len(c(1, 2, 3), nrow(bank)))
brant("bank brant clustered", Y, as.matrix(bank[use]), cluster = bank$BRANCH)
write_reference("ordinal_regression", rows, c("ordinal", "MASS", "sandwich", "numDeriv"))
