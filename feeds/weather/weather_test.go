package weather

import (
	"math"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConvert(t *testing.T) {
	for _, tt := range []struct {
		q    Quantity
		in   float64
		unit string
		want float64
	}{
		{Temperature, 4.3, "°C", 4.3},
		{Temperature, -1.4, "celsius", -1.4},
		{Temperature, 32, "°F", 0},
		{Temperature, -40, "fahrenheit", -40},
		{Temperature, 273.15, "K", 0},
		{Temperature, -0.001, "°C", 0},
		{Speed, 3.2, "m/s", 3.2},
		{Speed, 36, "km/h", 10},
		{Speed, 10, "mp/h", 4.47},
		{Speed, 10, "kn", 5.14},
		{Pressure, 1004.6, "hPa", 1004.6},
		{Pressure, 100460, "Pa", 1004.6},
		{Pressure, 29.92, "inHg", 1013.21},
		{Precipitation, 0.3, "mm", 0.3},
		{Precipitation, 0.1, "inch", 2.54},
		{Precipitation, 0.5, "cm", 5},
	} {
		got, err := Convert(tt.q, &tt.in, tt.unit)
		if err != nil || got == nil || *got != tt.want || math.Signbit(*got) != math.Signbit(tt.want) {
			t.Errorf("Convert(%s, %g, %q) = %v, %v; want %g", tt.q, tt.in, tt.unit, got, err, tt.want)
		}
	}
	for _, unit := range []string{"", "furlong", "m/s"} {
		v := 1.0
		if got, err := Convert(Temperature, &v, unit); err == nil {
			t.Errorf("a temperature in %q became %v", unit, *got)
		}
	}
	for _, v := range []*float64{nil, new(float64)} {
		if v != nil {
			*v = math.NaN()
		}
		if got, err := Convert(Temperature, v, "nonsense"); got != nil || err != nil {
			t.Errorf("what is unknown became %v, %v", got, err)
		}
	}
}

func TestHugeValueIsUnknown(t *testing.T) {
	v := math.MaxFloat64
	for _, unit := range []string{"inch", "mm"} {
		if got, err := Convert(Precipitation, &v, unit); got != nil || err != nil {
			t.Errorf("%g %s became %v, %v", v, unit, got, err)
		}
	}
}

func TestSymbolNamesAPicture(t *testing.T) {
	day, night := true, false
	for _, tt := range []struct {
		condition string
		day       *bool
		want      string
	}{
		{Clear, &day, "clear-day"}, {Clear, &night, "clear-night"}, {Clear, nil, "clear"},
		{PartlyCloudy, &day, "partly-cloudy-day"}, {PartlyCloudy, &night, "partly-cloudy-night"},
		{Rain, &night, "rain"}, {"", &day, ""},
	} {
		if got := Symbol(tt.condition, tt.day); got != tt.want {
			t.Errorf("Symbol(%q) = %q; want %q", tt.condition, got, tt.want)
		}
	}
}

func TestDegreesHaveFourDecimals(t *testing.T) {
	for in, want := range map[float64]string{
		59.9138688: "59.9139", -83: "-83", 0: "0", -0.00001: "0", 10.75: "10.75", 1e-9: "0", 179.99999: "180",
	} {
		if got := Degrees(in); got != want {
			t.Errorf("Degrees(%g) = %s; want %s", in, got, want)
		}
	}
}
