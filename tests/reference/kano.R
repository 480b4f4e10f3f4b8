source("tests/reference/writing.R")
rows <- list()
table <- matrix(c("Q","A","A","A","O", "R","I","I","I","M", "R","I","I","I","M", "R","I","I","I","M", "R","R","R","R","Q"), 5, byrow = TRUE)
d <- small()
study <- function(case, f, g) {
  keep <- !is.na(f) & !is.na(g)
  x <- factor(table[cbind(f[keep], g[keep])], c("A", "O", "M", "I", "R", "Q"))
  k <- as.vector(base::table(x)); n <- sum(k); base <- sum(k[1:4])
  ab <- sort(k, decreasing = TRUE)[1:2]
  low <- prop.test(k[1] + k[2], base, correct = FALSE)$conf.int; high <- prop.test(k[2] + k[3], base, correct = FALSE)$conf.int
  rows[[length(rows) + 1]] <<- number(case, c("n", paste("count", 1:6), "better", "worse", "better_low", "better_high", "worse_low", "worse_high", "statistic"),
    c(n, k, (k[1] + k[2]) / base, -(k[2] + k[3]) / base, low, -high[2], -high[1], (ab[1] - ab[2]) / sqrt(sum(ab) * (2 * n - sum(ab)) / (2 * n))))
}
study("first", d$SAT1, 6 - d$SAT2); study("second", d$SAT3, d$SAT4); study("third", 6 - d$SAT2, d$SAT1)
write_reference("kano", rows)
