module interop

go 1.27.0

require golang.org/x/mod v0.42.0
