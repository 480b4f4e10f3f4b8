# Patterns by mice, mean and covariance by lavaan's saturated model; Little's statistic from the formula of the
# paper (J. Am. Stat. Assoc. 83, 1198-1202) with an EM algorithm written here, checked against lavaan.
source("tests/reference/writing.R")
suppressMessages({library(mice); library(lavaan)})

em <- function(y, steps = 20000, tolerance = 1e-13) {
  y <- as.matrix(y); k <- ncol(y); n <- nrow(y)
  mu <- colMeans(y, na.rm = TRUE); s <- diag(apply(y, 2, var, na.rm = TRUE))
  for (step in seq_len(steps)) {
    full <- y; extra <- matrix(0, k, k)
    for (i in seq_len(n)) {
      m <- is.na(y[i, ])
      if (any(m)) {
        b <- s[m, !m, drop = FALSE] %*% solve(s[!m, !m, drop = FALSE])
        full[i, m] <- mu[m] + b %*% (y[i, !m] - mu[!m])
        extra[m, m] <- extra[m, m] + s[m, m] - b %*% s[!m, m, drop = FALSE]
      }
    }
    new_mu <- colMeans(full)
    new_s <- (crossprod(sweep(full, 2, new_mu)) + extra) / n
    done <- max(abs(new_mu - mu) / sqrt(diag(s)), abs(new_s - s) / sqrt(diag(s) %o% diag(s))) < tolerance
    mu <- new_mu; s <- new_s
    if (done) break
  }
  list(mu = mu, s = s)
}

little <- function(y, fit) {
  y <- as.matrix(y)
  which <- apply(is.na(y), 1, paste, collapse = "")
  d <- 0; df <- -ncol(y)
  for (kind in unique(which)) {
    rows <- y[which == kind, , drop = FALSE]
    o <- !is.na(rows[1, ])
    a <- colMeans(rows[, o, drop = FALSE]) - fit$mu[o]
    d <- d + nrow(rows) * drop(a %*% solve(fit$s[o, o, drop = FALSE]) %*% a)
    df <- df + sum(o)
  }
  c(d, df, pchisq(d, df, lower.tail = FALSE), length(unique(which)))
}

rows <- list()
add <- function(case, y) {
  table <- md.pattern(y, plot = FALSE)
  body <- table[-nrow(table), , drop = FALSE]
  for (i in seq_len(nrow(body))) {
    blank <- sort(colnames(body)[-ncol(body)][body[i, -ncol(body)] == 0])
    rows <<- c(rows, list(number(paste(case, "pattern"), paste(c("-", blank), collapse = " "),
                                 as.numeric(rownames(body)[i]))))
  }
  both <- md.pairs(y)$rr
  rows <<- c(rows, list(number(paste(case, "pairs"), paste(rep(names(y), each = ncol(y)), names(y)), c(both))))
  answered <- y[rowSums(!is.na(y)) > 0, ]
  fit <- em(answered)
  model <- lavCor(answered, missing = "ml", output = "fit")
  h1 <- lavInspect(model, "sampstat")
  stopifnot(all.equal(unname(c(h1$mean)), unname(fit$mu), tolerance = 1e-4),
            all.equal(c(h1$cov), c(unname(fit$s)), tolerance = 1e-3))
  k <- ncol(y)
  rows <<- c(rows, list(
    number(case, c("n", paste0("mean", 1:k), paste0("cov", seq_len(k * k))),
           c(nrow(answered), fit$mu, c(fit$s))),
    number(case, c("statistic", "df", "p_value", "patterns"), little(answered, fit)),
    number(paste(case, "likelihood"), "value", sum(apply(answered, 1, function(a) {
      o <- !is.na(a); r <- a[o] - fit$mu[o]; v <- fit$s[o, o, drop = FALSE]
      -0.5 * (sum(o) * log(2 * pi) + determinant(v)$modulus + r %*% solve(v) %*% r)
    })))))
}
data <- small()
add("small", data[c("SAT1", "SAT2", "SAT3", "SAT4", "LOY", "NPS")])
add("air", airquality)
items <- psych::bfi[1:400, 1:10]
add("bfi", items)
write_reference("missing_patterns", rows, c("mice", "lavaan", "psych"))
