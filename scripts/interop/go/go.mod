module kinsumer.invalid/interop

go 1.21

require (
	github.com/aws/aws-sdk-go v1.38.7
	github.com/twitchscience/kinsumer v0.0.0-20201111182439-cd685b6b5f68
)
