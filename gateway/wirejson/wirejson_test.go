package wirejson_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
	customersv1 "tillstream/gateway/api/customers/v1"
	ordersv1 "tillstream/gateway/api/orders/v1"
	pricesv1 "tillstream/gateway/api/prices/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	stockv1 "tillstream/gateway/api/stock/v1"
	typesv1 "tillstream/gateway/api/types/v1"
	"tillstream/gateway/wirejson"
)

func TestAnAnswerShowsEveryField(t *testing.T) {
	at := timestamppb.New(time.Date(2010, 12, 1, 8, 26, 0, 1_000, time.UTC))
	for want, m := range map[string]proto.Message{
		`{"items":[],"next_cursor":""}`:                   &ordersv1.OrderList{},
		`{"minor":-9223372036854775808,"currency":"GBP"}`: &typesv1.Money{Minor: math.MinInt64, Currency: "GBP"},
		`{"price_id":"p","sku":"","warehouse":"","unit":null,"valid_from":"2010-12-01T08:26:00.000001Z","valid_until":null}`:                   &pricesv1.Price{PriceId: "p", ValidFrom: at},
		`{"customer_id":"c","number":"","name":null,"email":"","country":"","address":null,"erased":true,"opened_at":null,"unreadable":false}`: &customersv1.Customer{CustomerId: "c", Email: proto.String(""), Erased: true},
		`{"text":"a\"\\\n\r\t\u0001<é😀>"}`: nil,
	} {
		if m == nil {
			m = &typesv1.Address{Text: "a\"\\\n\r\t\u0001<é😀>"}
			want = strings.TrimSuffix(strings.TrimPrefix(want, `{"text":`), "}")
		}
		if got := string(wirejson.Marshal(m)); got != want {
			t.Errorf("%s\nnot %s", got, want)
		}
	}
}

func TestARowShowsTheKeysItIsGroupedByAlone(t *testing.T) {
	got := string(wirejson.Marshal(&analyticsv1.SalesRow{Month: proto.String("2010-12"), Sku: proto.String("")}))
	if !strings.HasPrefix(got, `{"month":"2010-12","sku":"","currency":"","gross":null,`) {
		t.Error(got)
	}
}

func TestMapsAreInTheOrderOfTheirKeys(t *testing.T) {
	got := string(wirejson.Marshal(&statusv1.Platform{Versions: map[string]string{"b": "2", "a": "1"}}))
	if !strings.HasPrefix(got, `{"versions":{"a":"1","b":"2"},"log":null,`) {
		t.Error(got)
	}
}

func TestTheCanonicalFormDoesNotDependOnHowARequestIsWritten(t *testing.T) {
	bodies := []string{
		`{"sku":"A","quantity":3,"reference":""}`,
		`{ "reference": null, "quantity":"3" , "sku":"\u0041" }`,
	}
	for _, body := range bodies {
		m := &stockv1.ReceiveRequest{}
		if err := wirejson.Unmarshal([]byte(body), m); err != nil {
			t.Fatal(err)
		}
		if got := string(wirejson.Canonical(m)); got != `{"sku":"A","quantity":3}` {
			t.Errorf("%s is %s", body, got)
		}
	}
}

func TestWhatIsNotUnderstoodIsNamed(t *testing.T) {
	deep := strings.Repeat(`{"guest":`, 1) + strings.Repeat(`[`, 100_000)
	for body, want := range map[string]string{
		``:                                   "the body is no JSON: it ends too early",
		`[]`:                                 "the body must be one JSON object",
		`{} {}`:                              "the body goes on behind its JSON object",
		`{"lines":[{"sku":"A"},{"size":2}]}`: "lines[1].size is not a known field",
		`{"lines":[{"quantity":1.5}]}`:       "lines[0].quantity must be a whole number of 64 bits",
		`{"lines":[{"quantity":"+1"}]}`:      "lines[0].quantity must be a whole number of 64 bits",
		`{"lines":[{"quantity":true}]}`:      "lines[0].quantity must be a whole number of 64 bits",
		`{"lines":[{"quantity":9223372036854775808}]}`: "lines[0].quantity must be a whole number of 64 bits",
		`{"lines":[null]}`:                  "lines[0] must be an object",
		`{"lines":{}}`:                      "lines must be a list",
		`{"currency":1}`:                    "currency must be text",
		`{"currency":"a","currency":"b"}`:   "currency is given twice",
		`{"currency":"a\u0000b"}`:           "currency may not hold the character NUL",
		"{\"currency\":\"\xff\"}":           "the body is not UTF-8",
		`{"lines":[{"sku":"\ud800"}]}`:      "lines[0].sku holds \\ud800, half of a surrogate pair",
		`{"currency":"\\\udC00"}`:           "currency holds \\udC00, half of a surrogate pair",
		`{"currency":"\ufffd\ud83d\u0041"}`: "currency holds \\ud83d, half of a surrogate pair",
		`{"guest":"ann"}`:                   "guest must be an object",
		`{"guest":{"name":"ann"`:            "guest is where the body stops being JSON: it ends too early",
		`{"customerId":"c"}`:                "customerId is not a known field",
		deep:                                "guest must be an object",
	} {
		err := wirejson.Unmarshal([]byte(body), &ordersv1.PlaceRequest{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s: %v, not %s", body, err, want)
		}
	}
}

func TestATimeNeedsAZone(t *testing.T) {
	for text, ok := range map[string]bool{
		"2010-12-01T08:26:00Z": true, "2010-12-01T08:26:00.123456789+01:00": true,
		"2010-12-01": false, "2010-12-01T08:26:00": false, "2010-12-01 08:26:00Z": false, "2010-12-01T08:26:00,5Z": false, "": false, "now": false,
	} {
		if _, err := wirejson.Time("at", text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAnAddressIsTextOrAnObject(t *testing.T) {
	for _, body := range []string{`{"address":"1 High Street"}`, `{"address":{"line1":"1 High Street","country":"GB"}}`} {
		m := &customersv1.OpenRequest{}
		if err := wirejson.Unmarshal([]byte(body), m); err != nil {
			t.Fatal(err)
		}
		if got := string(wirejson.Canonical(m)); got != body {
			t.Errorf("%s comes back as %s", body, got)
		}
	}
}

// FuzzUnmarshal: what we accept, protojson accepts and reads alike; what we write, we read back.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{`{}`, `{"customer_id":"c","lines":[{"sku":"A","quantity":"3"}],"payment":{"token":"t"}}`,
		`{"guest":{"name":"ñ\ud83d\ude00","email":null}}`, `{"ship_to":{"line1":"x"}}`, `{"lines":[{"quantity":-0}]}`, `{"lines":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ours, theirs := &ordersv1.PlaceRequest{}, &ordersv1.PlaceRequest{}
		if wirejson.Unmarshal(body, ours) != nil {
			return
		}
		again := &ordersv1.PlaceRequest{}
		if err := wirejson.Unmarshal(wirejson.Marshal(ours), again); err != nil || !proto.Equal(ours, again) {
			t.Fatalf("%s does not come back: %v\n%s", wirejson.Marshal(ours), err, again)
		}
		if ours.GetShipTo().GetText() != "" {
			return // text for an address is ours alone
		}
		if err := protojson.Unmarshal(body, theirs); err != nil || !proto.Equal(ours, theirs) {
			t.Fatalf("%q: protojson says %v\n%v\n%v", body, err, ours, theirs)
		}
	})
}

// FuzzMarshal: what we write is what protojson writes, but for numbers of 64 bits, which we write as numbers, and
// for what is left out when it is not set.
func FuzzMarshal(f *testing.F) {
	f.Add("A", int64(3), uint32(2), "GBP", int64(1291191960), true)
	f.Fuzz(func(t *testing.T, sku string, amount int64, scale uint32, currency string, seconds int64, until bool) {
		m := &pricesv1.Price{Sku: strings.ToValidUTF8(sku, ""), Unit: &typesv1.UnitPrice{Amount: &amount, Scale: &scale, Currency: strings.ToValidUTF8(currency, "")}}
		if until {
			m.ValidUntil = timestamppb.New(time.Unix(seconds%(1<<37), 0))
		}
		if m.ValidUntil != nil && !m.ValidUntil.IsValid() {
			return
		}
		b, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var ours, theirs map[string]any
		if err := json.Unmarshal(wirejson.Marshal(m), &ours); err != nil {
			t.Fatalf("%s: %v", wirejson.Marshal(m), err)
		}
		if err := json.Unmarshal(b, &theirs); err != nil {
			t.Fatal(err)
		}
		unit := theirs["unit"].(map[string]any)
		var number float64
		if err := json.Unmarshal([]byte(unit["amount"].(string)), &number); err != nil {
			t.Fatal(err)
		}
		unit["amount"] = number
		delete(theirs, "recorded_at") // which is left out of a price that does not say it
		if !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("%v\n%v", ours, theirs)
		}
	})
}
