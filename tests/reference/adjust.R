source("tests/reference/writing.R")
sets <- list(ties = c(0.01, 0.04, 0.03, 0.04, 0.2), blank = c(0.2, NA, 0.001, 0.02, NA), large = c(0.9, 0.6, 0.7),
             one = 0.03)
rows <- list()
for (name in names(sets)) for (how in c("holm", "BH")) {
  p <- sets[[name]]
  rows <- c(rows, list(number(paste(name, how), paste0("p", seq_along(p)), p.adjust(p, how))))
}
write_reference("adjust", rows)
