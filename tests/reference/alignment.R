# Alignment (Asparouhov & Muthen, 2014) of lavaan's configural estimates, written for this project from the paper:
# the loss over pairs of groups and parameters, sought from many starts; errors by numerical derivatives.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(psych); library(numDeriv)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
align <- function(case, construct, items, data, group, free, estimator = "MLR", ordered = FALSE) {
  model <- paste(construct, "=~", paste(items, collapse = " + "))
  fit <- if (ordered) cfa(model, data, group = group, std.lv = TRUE, ordered = items, parameterization = "theta")
         else cfa(model, data, group = group, std.lv = TRUE, estimator = estimator)
  groups <- lavInspect(fit, "ngroups"); n <- lavInspect(fit, "nobs")
  p <- parTable(fit); p <- p[p$free > 0, ]
  V <- vcov(fit); est <- coef(fit)
  op <- if (ordered) "|" else "~1"
  at <- function(g, sort) p$free[p$group == g & p$op == sort & (if (sort == "=~") p$lhs == construct else p$lhs %in% items)]
  lam <- sapply(1:groups, at, sort = "=~"); loc <- sapply(1:groups, at, sort = op)   # parameters x groups
  owner <- match(p$lhs[match(loc[, 1], p$free)], items)
  flip <- sapply(1:groups, function(g) sign(sum(est[lam[, g]])))
  side <- if (ordered) -1 else 1
  theta0 <- c(as.vector(lam), as.vector(loc)); value0 <- est[theta0] * c(rep(flip, each = length(items)), rep(side, length(loc)))
  turn <- c(rep(flip, each = length(items)), rep(side, length(loc)))
  W <- V[theta0, theta0] * outer(turn, turn)
  pairs <- combn(groups, 2)
  k <- length(items)
  frame <- function(x) {
    a <- if (free) x[1:groups] else c(0, x[1:(groups - 1)])
    l <- x[-seq_len(if (free) groups else groups - 1)]
    list(a = a, psi = exp(c(l, -sum(l))))
  }
  moved <- function(x, v) {
    f <- frame(x)
    L <- matrix(v[1:(k * groups)], k) %*% diag(1 / sqrt(f$psi))
    N <- matrix(v[-(1:(k * groups))], ncol = groups) - L[owner, , drop = FALSE] %*% diag(f$a)
    list(L = L, N = N)
  }
  f <- function(d) sqrt(sqrt(d^2 + 0.01))
  each <- function(x, v) {
    m <- moved(x, v); w <- sqrt(n[pairs[1, ]] * n[pairs[2, ]])
    one <- function(M) as.vector(f(M[, pairs[1, ], drop = FALSE] - M[, pairs[2, ], drop = FALSE]) %*% w)
    c(one(m$L), one(m$N))
  }
  total <- sum(sqrt(n[pairs[1, ]] * n[pairs[2, ]]))
  loss <- function(x, v) sum(each(x, v)) / total
  size <- (if (free) groups else groups - 1) + groups - 1
  set.seed(1)
  best <- NULL
  for (s in 1:40) {
    x0 <- if (s == 1) rep(0, size) else c(rnorm(size - groups + 1, 0, 0.7), rnorm(groups - 1, 0, 0.4))
    o <- optim(x0, loss, v = value0, method = "BFGS", control = list(maxit = 5000, reltol = 1e-15))
    if (is.null(best) || o$value < best$value) best <- o
  }
  # Newton's steps end where BFGS with numerical slopes stops early
  x <- best$par
  for (i in 1:4) x <- x - solve(hessian(loss, x, v = value0), grad(loss, x, v = value0))
  add(case, "loss", loss(x, value0))
  fr <- frame(x)
  H <- hessian(loss, x, v = value0)
  C <- jacobian(function(v) grad(loss, x, v = v), value0)
  J <- -solve(H, C)
  Ja <- jacobian(function(y) frame(y)$a, x) %*% J; Jp <- jacobian(function(y) frame(y)$psi, x) %*% J
  sa <- sqrt(diag(Ja %*% W %*% t(Ja))); sp <- sqrt(diag(Jp %*% W %*% t(Jp)))
  for (g in 1:groups) add(paste(case, g), c("mean", "mean_se", "variance", "variance_se"), c(fr$a[g], sa[g], fr$psi[g], sp[g]))
  m <- moved(x, value0); e <- each(x, value0)
  for (i in 1:k) {
    b <- matrix(value0[1:(k * groups)], k)[i, ]
    add(paste(case, "loading", i), c(paste0("v", 1:groups), "r2", "contribution"),
        c(m$L[i, ], 1 - var(b - sqrt(fr$psi) * mean(m$L[i, ])) / var(b), e[i]))
  }
  for (i in seq_len(nrow(m$N))) {
    b <- matrix(value0[-(1:(k * groups))], ncol = groups)[i, ]
    add(paste(case, "location", i), c(paste0("v", 1:groups), "r2", "contribution"),
        c(side * m$N[i, ], 1 - var(b - mean(m$N[i, ]) - fr$a * mean(m$L[owner[i], ])) / var(b), e[k + i]))
  }
}
b <- psych::bfi
b$A1 <- 7 - b$A1
b <- b[!is.na(b$education), ]
b$age5 <- findInterval(b$age, c(20, 25, 32, 42))
items <- function(k) paste0(k, 1:5)
align("education fixed", "neuro", items("N"), b, "education", FALSE)
align("education free", "neuro", items("N"), b, "education", TRUE)
align("age fixed", "agree", items("A"), b, "age5", FALSE, "ML")
align("age ordered", "order", items("C"), b, "age5", FALSE, ordered = TRUE)
write_reference("alignment", rows, c("lavaan", "psych", "numDeriv"))
