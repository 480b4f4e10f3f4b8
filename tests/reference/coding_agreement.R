# Two coders by psych; Fleiss' kappa with Gwet's error and Krippendorff's alpha with the jackknife by their
# formulas, written here pair by pair.
source("tests/reference/writing.R")
suppressMessages(library(psych))
set.seed(41)
n <- 60
truth <- sample(1:4, n, TRUE, c(4, 3, 2, 1))
code <- function(miss) { x <- ifelse(runif(n) < 0.3, sample(1:4, n, TRUE), truth); x[sample(n, miss)] <- NA; x }
data <- data.frame(A = code(4), B = code(0), C = code(15), D = code(9))
data[7, 2:4] <- NA; data[9, ] <- NA
path <- file.path("tests", "reference", "coding_small.csv")
writeLines(paste("# made up by coding_agreement.R,", R.version.string), path)
suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE, na = ""))
rows <- list(); add <- function(...) rows <<- c(rows, list(number(...)))
for (pair in list(c("A", "B"), c("B", "C"), c("C", "D"))) {
  two <- data[complete.cases(data[pair]), pair]
  k <- cohen.kappa(two)
  add(paste("cohen", paste(pair, collapse = " ")), c("n", "estimate", "std_error"), c(nrow(two), k$kappa, sqrt(k$var.kappa)))
}
fleiss <- function(d) {
  d <- as.matrix(d)[rowSums(!is.na(d)) > 0, ]
  r <- t(apply(d, 1, function(x) table(factor(x, levels = 1:4)))); ri <- rowSums(r); n <- nrow(r); two <- ri >= 2
  pa <- rowSums(r * (r - 1)) / (ri * (ri - 1)); pi <- colMeans(r / ri); pe <- sum(pi^2); p <- mean(pa[two])
  kappa <- (p - pe) / (1 - pe)
  k_i <- ifelse(two, n / sum(two) * (pa - pe) / (1 - pe), 0)
  pe_i <- drop((r / ri) %*% pi)
  star <- k_i - 2 * (1 - kappa) * (pe_i - pe) / (1 - pe)
  c(sum(two), kappa, sqrt(sum((star - kappa)^2) / (n * (n - 1))), p, pe)
}
alpha <- function(d, level) {
  d <- as.matrix(d); d <- d[rowSums(!is.na(d)) > 1, , drop = FALSE]
  all <- c(d); all <- all[!is.na(all)]
  delta <- function(a, b) switch(level, nominal = as.numeric(a != b), interval = (a - b)^2,
    ordinal = { lo <- min(a, b); hi <- max(a, b); (sum(all >= lo & all <= hi) - (sum(all == a) + sum(all == b)) / 2)^2 })
  do <- 0
  for (i in seq_len(nrow(d))) {
    x <- d[i, !is.na(d[i, ])]; m <- length(x)
    for (a in 1:m) for (b in 1:m) if (a != b) do <- do + delta(x[a], x[b]) / (m - 1)
  }
  values <- sort(unique(all)); de <- 0; n <- length(all)
  for (a in values) for (b in values) if (a != b) de <- de + sum(all == a) * sum(all == b) * delta(a, b)
  1 - (do / n) / (de / (n * (n - 1)))
}
for (case in list(c("A", "B"), c("A", "B", "C", "D"))) {
  d <- data[case]; name <- paste(case, collapse = " ")
  add(paste("fleiss", name), c("n", "estimate", "std_error", "observed", "expected"), fleiss(d))
  used <- d[rowSums(!is.na(d)) > 1, ]
  for (level in c("nominal", "ordinal", "interval")) {
    without <- sapply(seq_len(nrow(used)), function(i) alpha(used[-i, ], level)); u <- length(without)
    error <- sqrt((u - 1) / u * sum((without - mean(without))^2)); a <- alpha(d, level)
    add(paste("alpha", level, name), c("n", "estimate", "std_error", "low", "high"),
        c(u, a, error, 1 - exp(log(1 - a) + c(1, -1) * qt(0.975, u - 1) * error / (1 - a))))
  }
}
write_reference("coding_agreement", rows, "psych")
