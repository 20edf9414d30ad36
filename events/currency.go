package events

import (
	"fmt"
	"strings"
)

// decimals lists the currencies of ISO 4217 by the digits of their minor unit. It is our own table since locale data says
// how many digits people write, which for thirty currencies is fewer than banks and payment providers count.
var decimals = func() map[string]int {
	byCode := map[string]int{}
	for digits, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
		CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
		ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
		MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
		SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for _, code := range strings.Fields(codes) {
			byCode[code] = digits
		}
	}
	return byCode
}()

// Digits says how many decimal digits the minor unit of an ISO 4217 currency has: 2 for GBP, 0 for JPY, 3 for BHD. It
// fails for what is no currency in use that has a minor unit.
func Digits(code string) (int, error) {
	digits, known := decimals[code]
	if !known {
		return 0, fmt.Errorf("%q is not an ISO 4217 currency code, such as GBP", code)
	}
	return digits, nil
}
