package market

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

const (
	maxDigits   = 40 // of a decimal, with its point and sign
	maxExponent = 30 // either way; a number beyond is no price
)

// A Decimal is a number as its digits, such as "187.42"; "" is none. Digits are kept
// as the source wrote them, so that none is lost and no zero is added.
type Decimal string

// ParseDecimal reads a number as JSON writes it: "187.42", "-1.5", "1e-05". It is an
// error if it has more than 40 characters or an exponent over 30.
func ParseDecimal(text string) (Decimal, error) {
	bad := fmt.Errorf("%.60q is no price: want a decimal number", text)
	if len(text) > maxDigits || !json.Valid([]byte(text)) || !strings.ContainsAny(text[:1], "-0123456789") {
		return "", bad
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	if !scientific {
		return Decimal(text), nil
	}
	shift, err := strconv.Atoi(exponent)
	if err != nil || shift > maxExponent || shift < -maxExponent {
		return "", bad
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", bad
	}
	return Decimal(value.FloatString(max(fraction(mantissa)-shift, 0))), nil
}

// UnmarshalJSON reads a number, a number as text, or null, which is none. Text that is
// empty is none as well.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	text := string(data)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	} else if text == "null" {
		text = ""
	}
	if text == "" {
		*d = ""
		return nil
	}
	value, err := ParseDecimal(text)
	if err == nil {
		*d = value
	}
	return err
}

// Positive reports whether d is a number above zero.
func (d Decimal) Positive() bool {
	return strings.ContainsAny(string(d), "123456789") && d[0] != '-'
}

// fraction returns how many digits stand behind the point.
func fraction(text string) int {
	_, digits, _ := strings.Cut(text, ".")
	return len(digits)
}

// minus returns d - e with the digits of the finer of the two; "" if either is none.
func (d Decimal) minus(e Decimal) Decimal {
	a, b, ok := rats(d, e)
	if !ok {
		return ""
	}
	return Decimal(a.Sub(a, b).FloatString(max(fraction(string(d)), fraction(string(e)))))
}

// percent returns how much d is above e in percent, to two digits; nil if either is
// none or e is not above zero.
func (d Decimal) percent(e Decimal) *float64 {
	a, b, ok := rats(d, e)
	if !ok || b.Sign() <= 0 {
		return nil
	}
	a.Sub(a, b).Mul(a, big.NewRat(100, 1)).Quo(a, b)
	value, err := strconv.ParseFloat(a.FloatString(2), 64)
	if err != nil {
		return nil
	}
	value += 0 // no minus zero
	return &value
}

func rats(d, e Decimal) (a, b *big.Rat, ok bool) {
	if d == "" || e == "" {
		return nil, nil, false
	}
	a, first := new(big.Rat).SetString(string(d))
	b, second := new(big.Rat).SetString(string(e))
	return a, b, first && second
}
