package events

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// Sealed is the only form in which a personal datum leaves the gateway: unreadable once the key of its subject is gone.
type Sealed struct {
	Subject string `json:"s"`
	Key     int    `json:"k"`
	Cipher  []byte `json:"c"`
}

// ErrForgotten says the key of a subject was deleted: what it sealed is unreadable for ever.
var ErrForgotten = errors.New("forgotten: the key of this subject was deleted")

// ErrUnreadable says the key of a subject is damaged or missing: what it sealed is unreadable until the key is put back.
var ErrUnreadable = errors.New("unreadable: the key of this subject is damaged or missing")

// Seal encrypts plain for subject under AES-256-GCM with a random nonce; field and subject are authenticated, so that a
// sealed e-mail can never be read as a name, nor one person's datum as another's.
func Seal(key [32]byte, number int, subject, field string, plain []byte) (Sealed, error) {
	aead, err := aeadOf(key)
	if err != nil {
		return Sealed{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return Sealed{}, err
	}
	return Sealed{subject, number, aead.Seal(nonce, nonce, plain, aad(subject, field))}, nil
}

// Open decrypts what Seal made of the same field. It fails on any other key, subject or field, and on changed bytes.
func (s Sealed) Open(key [32]byte, field string) ([]byte, error) {
	aead, err := aeadOf(key)
	if err != nil {
		return nil, err
	}
	if len(s.Cipher) < aead.NonceSize() {
		return nil, fmt.Errorf("sealed %s is %d bytes short", field, aead.NonceSize()-len(s.Cipher))
	}
	plain, err := aead.Open(nil, s.Cipher[:aead.NonceSize()], s.Cipher[aead.NonceSize():], aad(s.Subject, field))
	if err != nil {
		return nil, fmt.Errorf("sealed %s does not open: it was sealed for another field, subject or key", field)
	}
	return plain, nil
}

func aeadOf(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func aad(subject, field string) []byte { return digest("sealed", subject, field) }
