module kinsumer.invalid/bench

go 1.21

require (
	github.com/aws/aws-sdk-go v1.38.7
	github.com/twitchscience/kinsumer v0.0.0-20201111182439-cd685b6b5f68
)

require (
	github.com/google/uuid v1.1.1 // indirect
	github.com/jmespath/go-jmespath v0.4.0 // indirect
	golang.org/x/sync v0.0.0-20190911185100-cd5d95a43a6e // indirect
)
