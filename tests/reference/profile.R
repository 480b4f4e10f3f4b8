# Shares and Wilson intervals.
source("tests/reference/writing.R")
rows <- list()
for (case in list(c(0, 7), c(8, 10), c(3, 61), c(61, 61), c(4507, 10000))) {
  name <- paste(case, collapse = "/")
  for (level in c(0.95, 0.9)) {
    ci <- suppressWarnings(prop.test(case[1], case[2], conf.level = level, correct = FALSE))$conf.int
    rows <- c(rows, list(number(name, paste0(c("low", "high"), level * 100), ci)))
  }
}
sat <- small()$SAT1
for (code in 1:5) {
  count <- sum(sat == code, na.rm = TRUE); n <- sum(!is.na(sat))
  ci <- suppressWarnings(prop.test(count, n, correct = FALSE))$conf.int
  rows <- c(rows, list(number(paste0("SAT1=", code), c("count", "n", "share", "low", "high"), c(count, n, count / n, ci))))
}
write_reference("profile", rows)
