# Rocks' adjusted Wald interval from its formula; the multinomial standard error from the covariance matrix.
source("tests/reference/writing.R")
nps <- function(case, x) {
  x <- x[!is.na(x)]; n <- length(x)
  counts <- table(cut(x, c(-1, 6, 8, 10)))
  share <- counts / n
  se <- 100 * sqrt(t(c(-1, 0, 1)) %*% (diag(as.numeric(share)) - tcrossprod(as.numeric(share))) %*% c(-1, 0, 1) / n)
  q <- (counts + c(0.75, 1.5, 0.75)) / (n + 3)
  center <- q[3] - q[1]
  half <- qnorm(0.975) * sqrt((q[3] + q[1] - center^2) / (n + 3))
  number(case, c("n", "promoters", "passives", "detractors", "nps", "std_error", "low", "high"),
         c(n, counts[3], counts[2], counts[1], 100 * (share[3] - share[1]), se, 100 * (center - half), 100 * (center + half)))
}
data <- small()
rows <- c(list(nps("all", data$NPS)), lapply(1:4, function(t) nps(paste("tier", t), data$NPS[which(data$TIER == t)])))
write_reference("nps", rows)
