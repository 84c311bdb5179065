package metnorway

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tickertape/feeds/weather"
)

// A forecast is the part of an answer that is used. It is immutable.
type forecast struct {
	Properties struct {
		Meta struct {
			Updated time.Time         `json:"updated_at"`
			Units   map[string]string `json:"units"`
		} `json:"meta"`
		Series steps `json:"timeseries"`
	} `json:"properties"`
}

// steps are the forecasts for the next hours, in the order of time.
type steps []step

// maxSteps is how many are kept of the nine days that the source knows: enough for as
// long as a forecast counts.
const maxSteps = 12

// UnmarshalJSON reads the first steps.
func (s *steps) UnmarshalJSON(text []byte) error {
	var all []step
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*s = slices.Clone(all[:min(len(all), maxSteps)])
	return nil
}

// A step is the forecast for one time; hourly for the first days.
type step struct {
	Time time.Time `json:"time"`
	Data struct {
		Instant struct {
			Details map[string]*float64 `json:"details"`
		} `json:"instant"`
		NextHour     span `json:"next_1_hours"`
		NextSixHours span `json:"next_6_hours"`
	} `json:"data"`
}

// A span is the forecast for the hours after a time.
type span struct {
	Summary struct {
		Symbol string `json:"symbol_code"`
	} `json:"summary"`
	Details map[string]*float64 `json:"details"`
}

// check returns why the forecast cannot be used.
func (f *forecast) check() error {
	series := f.Properties.Series
	if len(series) == 0 {
		return errors.New("it has no time series")
	}
	for i, s := range series {
		if s.Time.IsZero() || i > 0 && !s.Time.After(series[i-1].Time) {
			return fmt.Errorf("step %d of its time series is not after the one before", i)
		}
	}
	return nil
}

// data is an item's own fields.
type data struct {
	weather.Reading
	SymbolCode   string    `json:"symbol_code,omitempty"`  // the source's own word
	ForecastTime time.Time `json:"forecast_time,omitzero"` // when the forecast was made
}

// now returns what the forecast says of the hour of now, and when that begins. Before its
// first hour that one counts: the source thinks that it is now.
func (f *forecast) now(p weather.Place, now time.Time) (data, time.Time, error) {
	series := f.Properties.Series
	at := series[0]
	for _, s := range series[1:] {
		if s.Time.After(now) {
			break
		}
		at = s
	}
	details, units := at.Data.Instant.Details, f.Properties.Meta.Units
	symbol := at.Data.NextHour.Summary.Symbol
	if symbol == "" {
		symbol = at.Data.NextSixHours.Summary.Symbol
	}
	d := data{SymbolCode: symbol, ForecastTime: f.Properties.Meta.Updated.UTC()}
	d.Reading = weather.Reading{
		Location: p.Name, Latitude: p.Latitude, Longitude: p.Longitude,
		Humidity: details["relative_humidity"], WindDirection: details["wind_from_direction"],
		Units: weather.Canonical(),
	}
	d.Condition, d.Day = condition(symbol)
	d.Symbol = weather.Symbol(d.Condition, d.Day)
	var errs []error
	for _, v := range []struct {
		to       **float64
		quantity weather.Quantity
		from     map[string]*float64
		name     string
	}{
		{&d.Temperature, weather.Temperature, details, "air_temperature"},
		{&d.Pressure, weather.Pressure, details, "air_pressure_at_sea_level"},
		{&d.Wind, weather.Speed, details, "wind_speed"},
		{&d.Rain, weather.Precipitation, at.Data.NextHour.Details, "precipitation_amount"},
	} {
		var err error
		*v.to, err = weather.Convert(v.quantity, v.from[v.name], units[v.name])
		errs = append(errs, err)
	}
	if d.Rain != nil {
		d.RainPeriod = weather.NextHour
	}
	return d, at.Time, errors.Join(errs...)
}

// condition returns the word for a symbol of the source, "" for one that is not known,
// and whether the sun is up, where the symbol says so. Some symbols are misspelt
// ("lightssnowshowersandthunder_day") and will stay so, says the source: what counts is
// what they are made of.
func condition(symbol string) (word string, day *bool) {
	name, light, lit := strings.Cut(symbol, "_")
	if lit {
		up := light == "day" // in polar twilight the sun stays below the horizon
		day = &up
	}
	for _, part := range []struct{ in, word string }{
		{"thunder", weather.Thunderstorm},
		{"snow", weather.Snow},
		{"sleet", weather.Snow},
		{"rain", weather.Rain},
		{"fog", weather.Fog},
		{"partlycloudy", weather.PartlyCloudy},
		{"cloudy", weather.Cloudy},
		{"clearsky", weather.Clear},
		{"fair", weather.Clear},
	} {
		if strings.Contains(name, part.in) {
			return part.word, day
		}
	}
	return "", day
}
