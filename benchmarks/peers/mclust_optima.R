# mclust's default fit, full covariances, of each file NAME-K.csv of a directory; see optima.py.
suppressMessages(library(mclust))
for (file in commandArgs(TRUE)) {
  x <- as.matrix(read.csv(file, header = FALSE))
  components <- as.integer(sub(".*-([0-9]+)[.]csv$", "\\1", file))
  begin <- Sys.time()
  found <- Mclust(x, G = components, modelNames = "VVV", verbose = FALSE)
  seconds <- as.numeric(Sys.time() - begin, units = "secs")
  log_likelihood <- if (is.null(found)) -Inf else found$loglik
  # Sound as in optima.py.
  d <- ncol(x)
  root <- solve(t(chol(cov(x))))
  rows <- found$parameters$pro * nrow(x)
  smallest <- apply(found$parameters$variance$sigma, 3,
                    function(s) min(eigen(root %*% s %*% t(root), symmetric = TRUE)$values))
  sound <- all(rows >= d + 2 & smallest >= 1e-4 & (smallest >= 1e-3 | rows >= 5 * d))
  cat(sub("[.]csv$", "", basename(file)), "mclust", 0, log_likelihood, 0, seconds, as.integer(sound), "\n")
}
