source("tests/reference/writing.R")
rows <- list()
describe <- function(case, x) {
  x <- x[!is.na(x)]
  d <- psych::describe(x, type = 2)
  ci <- t.test(x)$conf.int
  number(case, c("n", "mean", "std_error", "low", "high", "sd", "median", "skewness", "kurtosis", "minimum", "maximum"),
         c(length(x), mean(x), sd(x) / sqrt(length(x)), ci, sd(x), median(x), d$skew, d$kurtosis, min(x), max(x)))
}
data <- small()
for (name in c("SAT1", "SAT4", "LOY", "NPS")) rows <- c(rows, list(describe(name, data[[name]])))
real <- shared("bank", "plspm_satisfaction.csv")
for (name in setdiff(names(real), "gender")) rows <- c(rows, list(describe(paste0("plspm ", name), real[[name]])))
write_reference("descriptives", rows, "psych")
