source("tests/reference/writing.R")
rows <- list()
pair <- function(case, x, y) {
  keep <- complete.cases(x, y); x <- x[keep]; y <- y[keep]; n <- length(x)
  p <- cor.test(x, y)
  s <- suppressWarnings(cor.test(x, y, method = "spearman", exact = FALSE))
  rho <- unname(s$estimate)
  bonett <- tanh(atanh(rho) + c(-1, 1) * qnorm(0.975) * sqrt((1 + rho^2 / 2) / (n - 3)))
  t <- rho * sqrt((n - 2) / (1 - rho^2))
  list(number(paste(case, "pearson"), c("n", "estimate", "statistic", "df", "p_value", "low", "high"),
              c(n, p$estimate, p$statistic, p$parameter, p$p.value, p$conf.int)),
       number(paste(case, "spearman"), c("n", "estimate", "statistic", "df", "p_value", "low", "high"),
              c(n, rho, t, n - 2, s$p.value, bonett)))
}
data <- small()
names4 <- c("SAT1", "SAT3", "LOY", "NPS")
for (i in 1:3) for (j in (i + 1):4) rows <- c(rows, pair(paste(names4[i], names4[j]), data[[names4[i]]], data[[names4[j]]]))
real <- shared("bank", "plspm_satisfaction.csv")
rows <- c(rows, pair("sat1 loy1", real$sat1, real$loy1), pair("imag1 val4", real$imag1, real$val4))
write_reference("correlations", rows)
