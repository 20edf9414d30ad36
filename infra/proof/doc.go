// Package proof holds the platform to its promises by running it as its users do: real processes, real files, real kills.
// It has tests alone.
package proof
