# mclust: me() from given responsibilities, and the search mclustBIC(); see README.md.
suppressMessages(library(mclust))

arguments <- commandArgs(TRUE)
directory <- arguments[1]
workload <- arguments[2]
model <- arguments[3]
passes <- as.integer(arguments[4])

now <- function() as.numeric(Sys.time())
seconds <- function(run) {
  begin <- now()
  run()
  now() - begin
}

# A .npy of version 1 with doubles in Fortran order.
values <- function(part) {
  file <- file(file.path(directory, sprintf("%s.%s.npy", workload, part)), "rb")
  on.exit(close(file))
  readBin(file, "raw", 8)
  header <- readChar(file, readBin(file, "integer", 1, size = 2, signed = FALSE, endian = "little"))
  shape <- as.numeric(strsplit(sub(".*\\(([^)]*)\\).*", "\\1", header), ",")[[1]])
  matrix(readBin(file, "double", prod(shape)), shape[1], shape[2])
}

serve <- function(measure) {
  cat("mclust", as.character(packageVersion("mclust")), "\n")
  flush(stdout())
  input <- file("stdin")
  open(input)
  while (length(readLines(input, 1)) > 0) {
    result <- measure()
    cat(sprintf("%.6g %.12g\n", result[1], result[2]))
    flush(stdout())
  }
}

iterate <- function() {
  x <- values("x")
  means <- values("start")
  covariance <- values("covariance")
  d <- ncol(x)
  # me() begins with an M-step, so the E-step of the start is made here.
  start <- switch(model,
    VVI = , EEI = , VEI = , EVI = diag(diag(covariance), d),
    VII = , EII = diag(mean(diag(covariance)), d),
    covariance
  )
  z <- sapply(seq_len(nrow(means)), function(k) -0.5 * mahalanobis(x, means[k, ], start))
  z <- exp(z - apply(z, 1, max))
  z <- z / rowSums(z)
  if (d == 1) x <- as.vector(x)
  name <- if (d == 1) substr(model, 1, 1) else model
  run <- function(n) {
    control <- emControl(itmax = c(n, n), tol = c(0, 0), eps = 0)
    me(x, modelName = name, z = z, control = control, warn = FALSE)
  }
  reached <- run(passes)$loglik / nrow(z)
  serve(function() {
    once <- seconds(function() run(1))
    c((seconds(function() run(1 + passes)) - once) / passes, reached)
  })
}

search <- function() {
  x <- values("x")
  n <- nrow(x)
  d <- ncol(x)
  # More rows than that the hierarchical start cannot take; 2000 is mclust's own default.
  start <- if (n > 2000) list(subset = seq_len(2000)) else NULL
  serve(function() {
    found <- NULL
    time <- seconds(function() found <<- mclustBIC(x, G = 1:9, initialization = start, verbose = FALSE))
    cells <- expand.grid(k = 1:9, name = colnames(found), stringsAsFactors = FALSE)
    bic <- mapply(function(k, name) found[k, name], cells$k, cells$name)
    parameters <- mapply(function(k, name) nMclustParams(name, d, k), cells$k, cells$name)
    lines <- sprintf("%s %d %.12g", cells$name, cells$k, (bic + parameters * log(n)) / 2)
    writeLines(lines[is.finite(bic)], file.path(directory, paste0(workload, ".mclust.cells")))
    c(time, max(bic, na.rm = TRUE))
  })
}

if (model == "search") search() else iterate()
