package shop

import (
	"encoding/hex"
	"math/rand/v2"

	"tillstream/events"
)

var (
	looks  = []string{"Red", "White", "Vintage", "Wooden", "Jumbo", "Small", "Glass", "Hanging", "Paper", "Antique silver"}
	things = []string{"lamp", "tea towel", "cake stand", "photo frame", "lunch bag", "bunting", "money box", "storage jar", "doormat", "candle holder"}
	shapes = []string{"with hearts", "with polka dots", "of the woodland", "in a tin", "for the garden", "set of 3", "with a bow", "in regency style"}
	shelf  = []string{"kitchen", "garden", "lights", "gifts", "stationery", "bags", "christmas"}
	lands  = []string{"GB", "GB", "GB", "GB", "GB", "GB", "FR", "DE", "IE", "ES", "NL"}
)

func title(r *rand.Rand) string { return one(r, looks) + " " + one(r, things) + " " + one(r, shapes) }

func category(r *rand.Rand) string { return one(r, shelf) }

func country(r *rand.Rand) string { return one(r, lands) }

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// hash looks like a keyed hash.
func hash(r *rand.Rand) string { return hex.EncodeToString(noise(r, 16)) }

// sealed looks like a personal datum that was sealed: nobody can open it.
func sealed(r *rand.Rand, subject string, size int) *events.Sealed {
	return &events.Sealed{Subject: subject, Key: 1, Cipher: noise(r, size+28)}
}

func noise(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
