package weather

import (
	"fmt"
	"math"
	"strings"
)

// A Quantity is something that is measured; its text is for error messages.
type Quantity string

// The quantities whose units differ between sources.
const (
	Temperature   Quantity = "temperature"
	Speed         Quantity = "speed"
	Pressure      Quantity = "pressure"
	Precipitation Quantity = "precipitation"
)

// A scale turns a value into the canonical unit: value*factor + offset.
type scale struct{ factor, offset float64 }

// scaleOf returns the scale of a unit, by any of the names that sources have for it.
func scaleOf(q Quantity, unit string) (s scale, known bool) {
	unit = strings.ToLower(strings.TrimSpace(unit))
	switch q {
	case Temperature: // to °C
		switch unit {
		case "°c", "c", "celsius", "degc", "wmounit:degc":
			return scale{1, 0}, true
		case "°f", "f", "fahrenheit", "degf", "wmounit:degf":
			return scale{5.0 / 9, -160.0 / 9}, true
		case "k", "kelvin":
			return scale{1, -273.15}, true
		}
	case Speed: // to m/s
		switch unit {
		case "m/s", "ms", "m s-1":
			return scale{1, 0}, true
		case "km/h", "kmh", "kph":
			return scale{1 / 3.6, 0}, true
		case "mp/h", "mph":
			return scale{0.44704, 0}, true
		case "kn", "kt", "knots":
			return scale{1852.0 / 3600, 0}, true
		}
	case Pressure: // to hPa
		switch unit {
		case "hpa", "mbar", "mb":
			return scale{1, 0}, true
		case "pa":
			return scale{0.01, 0}, true
		case "inhg":
			return scale{33.8639, 0}, true
		}
	case Precipitation: // to mm
		switch unit {
		case "mm", "kg/m2", "kg m-2":
			return scale{1, 0}, true
		case "cm":
			return scale{10, 0}, true
		case "inch", "in":
			return scale{25.4, 0}, true
		}
	}
	return scale{}, false
}

// Convert returns value, which is in the given unit, in the canonical one, rounded to
// two decimals. nil, and what is or becomes no finite number, is nil. An error names a unit that it
// does not know: a value in a strange unit must not be shown as if it were in ours.
func Convert(q Quantity, value *float64, unit string) (*float64, error) {
	if value == nil || math.IsNaN(*value) || math.IsInf(*value, 0) {
		return nil, nil
	}
	s, known := scaleOf(q, unit)
	if !known {
		return nil, fmt.Errorf("the source gives %s in the unit %.20q, which is not known", q, unit)
	}
	result := Rounded(*value*s.factor + s.offset)
	if math.IsInf(*result, 0) {
		return nil, nil
	}
	return result, nil
}

// Rounded returns v with two decimals, never as a negative zero.
func Rounded(v float64) *float64 {
	v = math.Round(v*100)/100 + 0
	return &v
}
