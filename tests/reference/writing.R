# How reference tables are written: one number a row, 17 digits, the versions in the first line.
# Run every script from the project's root: Rscript tests/reference/NAME.R

number <- function(case, quantity, value) {
  data.frame(case = case, quantity = quantity, value = sprintf("%.17g", as.numeric(value)))
}

write_reference <- function(name, rows, packages = character()) {
  versions <- vapply(packages, function(p) paste(p, packageVersion(p)), "")
  path <- file.path("tests", "reference", paste0(name, ".csv"))
  head <- paste("#", paste(c(R.version.string, versions), collapse = ", "))
  writeLines(head, path)
  suppressWarnings(write.table(do.call(rbind, rows), path, append = TRUE, sep = ",",
                               row.names = FALSE, quote = FALSE))
}

shared <- function(...) read.csv(file.path("..", "shared", "data", ...), check.names = FALSE)
small <- function() read.csv(file.path("tests", "reference", "survey_small.csv"), comment.char = "#")
