# Latent classes without EM: the log likelihood in log-odds, climbed by BFGS and Newton, and its
# derivatives by numDeriv. Shares nothing with expectation-maximisation but the model.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(numDeriv)})
set.seed(1)

probabilities <- function(theta, classes, k) {
  sizes <- exp(c(0, theta[seq_len(classes - 1)])); sizes <- sizes / sum(sizes)
  rest <- theta[-seq_len(classes - 1)]
  if (classes == 1) rest <- theta
  at <- 0; p <- list()
  for (c in seq_len(classes)) {
    p[[c]] <- list()
    for (j in seq_along(k)) {
      e <- exp(c(0, rest[at + seq_len(k[j] - 1)])); at <- at + k[j] - 1
      p[[c]][[j]] <- e / sum(e)
    }
  }
  list(sizes = sizes, p = p)
}
each <- function(theta, data, classes, k) {
  q <- probabilities(theta, classes, k)
  total <- 0
  for (c in seq_len(classes)) {
    like <- rep(q$sizes[c], nrow(data))
    for (j in seq_along(k)) {
      pr <- q$p[[c]][[j]][data[, j]]
      like <- like * ifelse(is.na(pr), 1, pr)
    }
    total <- total + like
  }
  log(total)
}
latent <- function(case, data, classes, starts = 15) {
  data <- as.matrix(data); data <- data[rowSums(!is.na(data)) > 0, ]
  k <- apply(data, 2, max, na.rm = TRUE)
  key <- apply(data, 1, paste, collapse = "-")
  patterns <- data[!duplicated(key), , drop = FALSE]; f <- as.vector(table(key)[key[!duplicated(key)]])
  minus <- function(theta) -sum(f * each(theta, patterns, classes, k))
  m <- classes - 1 + classes * sum(k - 1)
  best <- NULL
  for (s in seq_len(starts)) {
    fit <- optim(rnorm(m), minus, method = "BFGS", control = list(maxit = 2000, reltol = 1e-12))
    if (is.null(best) || fit$value < best$value) best <- fit
  }
  theta <- best$par
  for (i in 1:4) theta <- theta - solve(hessian(minus, theta), grad(minus, theta))
  stopifnot(max(abs(grad(minus, theta))) < 1e-6)
  hess <- hessian(minus, theta)
  scores <- jacobian(each, theta, data = patterns, classes = classes, k = k)
  outer <- t(scores) %*% (f * scores)
  flat <- function(theta) { q <- probabilities(theta, classes, k); c(q$sizes, unlist(q$p)) }
  jac <- jacobian(flat, theta)
  bread <- solve(hess)
  errors <- function(v) sqrt(pmax(diag(jac %*% v %*% t(jac)), 0))
  values <- flat(theta)
  order_of <- order(-values[seq_len(classes)])
  per <- sum(k)
  index <- c(order_of, unlist(lapply(order_of, function(c) classes + (c - 1) * per + seq_len(per))))
  name <- c(paste0("size", seq_len(classes)),
            unlist(lapply(seq_len(classes), function(c) paste0("p", c, "_", rep(seq_along(k), k), "_", sequence(k)))))
  ll <- -minus(theta)
  n <- sum(f)
  list(number(case, c("n", "loglik", "npar", "aic", "bic"), c(n, ll, m, -2 * ll + 2 * m, -2 * ll + log(n) * m)),
       number(case, name, values[index]),
       number(case, paste0(name, "_observed"), errors(bread)[index]),
       number(case, paste0(name, "_scores"), errors(solve(outer))[index]),
       number(case, paste0(name, "_robust"), errors(bread %*% outer %*% bread)[index]))
}
cut3 <- function(x) ifelse(x <= 2, 1, ifelse(x <= 4, 2, 3))
bfi_items <- as.data.frame(lapply(psych::bfi[1:700, c("C1", "C2", "C3", "C4", "C5")], cut3))
abortion <- as.data.frame(psych::bfi[1:2800, c("N1", "N2", "N3", "N4", "N5", "E1")] > 3) + 1
data(bock)
rows <- c(latent("lsat7", lsat7 + 1, 2), latent("bfi3", bfi_items, 2), latent("neurotic", abortion, 3))
write_reference("latent_classes", rows, c("psych", "numDeriv"))
