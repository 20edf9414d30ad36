package commands_test

import (
	"bytes"
	"strings"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// sealedFor stands for a datum of a subject; what it says is nobody's business here.
func sealedFor(subject, datum string) *events.Sealed {
	return &events.Sealed{Subject: subject, Key: 1, Cipher: bytes.Repeat([]byte(datum), 28)}
}

var (
	adaOpened = events.CustomerOpened{CustomerID: "ada", Name: sealedFor("customer-ada", "n"), Email: sealedFor("customer-ada", "e"),
		EmailBlind: "b1ind", Country: "DE", Address: sealedFor("customer-ada", "a")}
	adaErased = events.CustomerErased{CustomerID: "ada", EmailBlind: "b1ind"}

	openAda = commands.OpenCustomer{CustomerID: "ada", FullName: sealedFor("customer-ada", "n"), Email: sealedFor("customer-ada", "e"),
		EmailBlind: "b1ind", Country: "DE", Address: sealedFor("customer-ada", "a")}
)

func customer(past ...events.CustomerEvent) Given[aggregates.Customer, events.CustomerEvent] {
	return History[aggregates.Customer](past...)
}

func TestOpenCustomer(t *testing.T) {
	customer().Then(t, openAda, adaOpened)
	customer().Then(t, commands.OpenCustomer{CustomerID: "12346", Number: "12346", Country: "Channel Islands"},
		events.CustomerOpened{CustomerID: "12346", Number: "12346", Country: "Channel Islands"})
	customer(adaOpened).ThenNothing(t, openAda)

	for _, change := range []func(*commands.OpenCustomer){
		func(c *commands.OpenCustomer) { c.EmailBlind = "0ther" },
		func(c *commands.OpenCustomer) { c.Number = "1" },
		func(c *commands.OpenCustomer) { c.Country = "FR" },
		func(c *commands.OpenCustomer) { c.FullName = sealedFor("customer-ada", "N") },
		func(c *commands.OpenCustomer) { c.Address = nil },
	} {
		other := openAda
		change(&other)
		customer(adaOpened).Rejects(t, other, "customer_exists")
	}
	customer(adaOpened, adaErased).Rejects(t, openAda, "customer_erased")
}

func TestOpenCustomerIsWellFormed(t *testing.T) {
	for field, broken := range map[string]func(*commands.OpenCustomer){
		"customer_id": func(c *commands.OpenCustomer) { c.CustomerID = "ada lovelace" },
		"country":     func(c *commands.OpenCustomer) { c.Country = strings.Repeat("x", 65) },
		"name":        func(c *commands.OpenCustomer) { c.FullName = sealedFor("customer-bob", "n") },
		"email": func(c *commands.OpenCustomer) {
			c.Email = &events.Sealed{Subject: "customer-ada", Cipher: []byte("short")}
		},
		"address":     func(c *commands.OpenCustomer) { c.Address = sealedFor("customer-ada", strings.Repeat("a", 1000)) },
		"email_blind": func(c *commands.OpenCustomer) { c.EmailBlind = strings.Repeat("f", 65) },
		"number":      func(c *commands.OpenCustomer) { c.Number = "1\n2" },
	} {
		c := openAda
		if broken(&c); field == "customer_id" {
			c.FullName, c.Email, c.Address = nil, nil, nil
		}
		refusesField(t, customer(), c, field)
	}
	refusesField(t, customer(), commands.OpenCustomer{CustomerID: "ada"}, "country")
}

func TestDescribeCustomer(t *testing.T) {
	moved := commands.DescribeCustomer{CustomerID: "ada", FullName: adaOpened.Name, Country: "FR", Address: sealedFor("customer-ada", "A")}
	described := events.CustomerDescribed{CustomerID: "ada", Name: adaOpened.Name, Country: "FR", Address: sealedFor("customer-ada", "A")}

	customer(adaOpened).Then(t, moved, described)
	customer(adaOpened, described).ThenNothing(t, moved)
	customer(adaOpened).ThenNothing(t, commands.DescribeCustomer{CustomerID: "ada", FullName: adaOpened.Name, Country: "DE", Address: adaOpened.Address})
	customer(adaOpened).Then(t, commands.DescribeCustomer{CustomerID: "ada", Country: "DE"}, events.CustomerDescribed{CustomerID: "ada", Country: "DE"})

	customer().Rejects(t, moved, "customer_unknown")
	customer(adaOpened, adaErased).Rejects(t, moved, "customer_erased")
	refusesField(t, customer(adaOpened), commands.DescribeCustomer{CustomerID: "ada", Country: " "}, "country")
	refusesField(t, customer(), commands.DescribeCustomer{Country: "DE"}, "customer_id")
	refusesField(t, customer(adaOpened), commands.DescribeCustomer{CustomerID: "ada", Country: "DE", FullName: sealedFor("customer-bob", "n")}, "name")
	refusesField(t, customer(adaOpened), commands.DescribeCustomer{CustomerID: "ada", Country: "DE", Address: sealedFor("customer-bob", "a")}, "address")
}

func TestEraseCustomer(t *testing.T) {
	erase := commands.EraseCustomer{CustomerID: "ada"}

	customer(adaOpened).Then(t, erase, adaErased)
	customer(adaOpened, adaErased).ThenNothing(t, erase)

	customer().Rejects(t, erase, "customer_unknown")
	refusesField(t, customer(), commands.EraseCustomer{}, "customer_id")

	left := customer(adaOpened, adaErased).State()
	if left.Opened.Name != nil || left.Opened.Email != nil || left.Opened.Address != nil || left.Opened.EmailBlind != "" {
		t.Errorf("the state of an erased customer still holds %+v", left.Opened)
	}
}

func email(past ...events.EmailEvent) Given[aggregates.Email, events.EmailEvent] {
	return History[aggregates.Email](past...)
}

func TestClaimEmail(t *testing.T) {
	claim := commands.ClaimEmail{Blind: "b1ind", CustomerID: "ada"}
	claimed, released := events.EmailClaimed{Blind: "b1ind", CustomerID: "ada"}, events.EmailReleased{Blind: "b1ind", CustomerID: "ada", Reason: "erased"}

	email().Then(t, claim, claimed)
	email(claimed).ThenNothing(t, claim)
	email(claimed, released).Then(t, commands.ClaimEmail{Blind: "b1ind", CustomerID: "bob"}, events.EmailClaimed{Blind: "b1ind", CustomerID: "bob"})

	no := email(claimed).Rejects(t, commands.ClaimEmail{Blind: "b1ind", CustomerID: "bob"}, "email_taken")
	if strings.Contains(no.Error(), "ada") || len(no.Details) > 0 {
		t.Errorf("the refusal tells bob whose address it is: %v %v", no, no.Details)
	}
	refusesField(t, email(), commands.ClaimEmail{CustomerID: "ada"}, "blind")
	refusesField(t, email(), commands.ClaimEmail{Blind: "b1ind"}, "customer_id")
}

func TestReleaseEmail(t *testing.T) {
	release := commands.ReleaseEmail{Blind: "b1ind", CustomerID: "ada", Reason: "erased"}
	claimed, released := events.EmailClaimed{Blind: "b1ind", CustomerID: "ada"}, events.EmailReleased{Blind: "b1ind", CustomerID: "ada", Reason: "erased"}

	email(claimed).Then(t, release, released)
	email(claimed, released).ThenNothing(t, release)
	email().ThenNothing(t, release)

	email(claimed).Rejects(t, commands.ReleaseEmail{Blind: "b1ind", CustomerID: "bob"}, "email_not_held")
	refusesField(t, email(), commands.ReleaseEmail{CustomerID: "ada"}, "blind")
	refusesField(t, email(), commands.ReleaseEmail{Blind: "b1ind"}, "customer_id")
	refusesField(t, email(), commands.ReleaseEmail{Blind: "b1ind", CustomerID: "ada", Reason: "\x00"}, "reason")
}
