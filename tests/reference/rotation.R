# Rotations of two sets of unrotated loadings: GPArotation with a tight tolerance, stats::varimax and stats::promax.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(GPArotation)})
rows <- list()
matrix_rows <- function(case, name, m) {
  number(case, paste(name, as.vector(row(m)), as.vector(col(m))), as.vector(m))
}
rotations <- function(case, L) {
  add <- function(name, loadings, Phi) {
    rows <<- c(rows, list(matrix_rows(paste(case, name), "loading", unclass(loadings)), matrix_rows(paste(case, name), "phi", Phi)))
  }
  m <- ncol(L); I <- diag(m)
  rows <<- c(rows, list(matrix_rows(case, "unrotated", L)))
  tight <- list(eps = 1e-7, maxit = 5000)
  of <- function(f, ...) do.call(f, c(list(L, ...), tight))
  quartimin <- of("oblimin"); add("quartimin", quartimin$loadings, quartimin$Phi)
  normal <- of("oblimin", normalize = TRUE); add("quartimin kaiser", normal$loadings, normal$Phi)
  gamma <- of("oblimin", gam = -1); add("oblimin gamma", gamma$loadings, gamma$Phi)
  geomin <- of("geominQ"); add("geomin", geomin$loadings, geomin$Phi)
  plain <- of("Varimax"); add("varimax", plain$loadings, I)
  kaiser <- of("Varimax", normalize = TRUE); add("varimax kaiser", kaiser$loadings, I)
  own <- varimax(L, eps = 1e-14); add("varimax stats", own$loadings, I)
  pro <- promax(own$loadings, m = 4)
  U <- own$rotmat %*% pro$rotmat; Ui <- solve(U)
  add("promax", pro$loadings, Ui %*% t(Ui))
}
plain <- function(x) matrix(as.numeric(x), nrow(x), ncol(x))
items <- bfi[, 1:25]; items <- items[complete.cases(items), ]
rotations("bfi", plain(factanal(items, 5, rotation = "none")$loadings))
bank <- shared("bank", "plspm_satisfaction.csv")[, 1:27]
rotations("bank", plain(factanal(bank, 3, rotation = "none")$loadings))
write_reference("rotation", rows, c("GPArotation", "psych"))
