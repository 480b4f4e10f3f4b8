# ptukey loses digits below some 10 and above 25000 degrees of freedom, where it is not compared with.
source("tests/reference/writing.R")
q <- c(0.5, 2, 3.5, 6)
rows <- list()
for (k in c(2, 3, 4, 7, 20)) for (df in c(12, 57.3, 2500)) {
  rows <- c(rows, list(number(paste("sf", k, df), paste0("q", q), ptukey(q, k, df, lower.tail = FALSE))))
}
write_reference("studentized_range", rows)
