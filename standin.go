package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tickertape/feeds"
	"tickertape/feeds/simulated"
)

// standIn makes the simulation that prints while the source of an entry fails (on_error:
// simulate). It is of the same places or symbols where the entry names some. The error
// says why there is none.
func standIn(f ConfiguredFeed, kinds []feeds.Spec, cfg Config) (feeds.Feed, feeds.Interval, error) {
	if f.Spec.Simulated {
		return nil, feeds.Interval{}, fmt.Errorf("simulate: kind %s is a simulation; want retry", f.Spec.Kind)
	}
	names := f.topics()
	var known []string
	for _, spec := range kinds {
		if !spec.Simulated {
			continue
		}
		known = append(known, spec.Topics[0])
		if len(names) != 1 || names[0] != spec.Topics[0] {
			continue
		}
		e, options, err := newEntry(spec)
		if err != nil {
			return nil, feeds.Interval{}, err
		}
		e.ID, e.Topic = f.Env.ID, names[0]
		_, plain, _ := newEntry(spec) // as above
		likeSource(options, f.options)
		made, err := construct(spec, e, options, cfg)
		if err != nil { // a symbol that is none there
			made, err = construct(spec, e, plain, cfg)
		}
		return made.Feed, made.Env.Every, err
	}
	slices.Sort(known)
	return nil, feeds.Interval{}, fmt.Errorf("simulate: no simulation prints on %s, only on %s; want retry", strings.Join(names, ", "), orList(known))
}

// supervised returns the feed that the server runs: with its stand-in, if it has one.
func (f ConfiguredFeed) supervised() feeds.Feed {
	if f.standIn == nil {
		return f.Feed
	}
	return feeds.Fallback(f.Feed, f.standIn, f.standInEvery)
}

// likeSource gives a simulation the symbols or places that the options of a source
// name. What it does not understand it leaves out.
func likeSource(options, source any) {
	switch o := options.(type) {
	case *simulated.StockOptions:
		symbols, _ := optionValue(source, "symbols").([]string)
		for _, symbol := range symbols {
			o.Companies = append(o.Companies, simulated.Company{Symbol: symbol, Sector: "other", Currency: "USD", Price: 100, Volatility: 2})
		}
	case *simulated.WeatherOptions:
		places := reflect.ValueOf(optionValue(source, "places"))
		if places.Kind() != reflect.Slice {
			return
		}
		for i := range places.Len() {
			place := places.Index(i).Interface()
			name, _ := optionValue(place, "name").(string)
			latitude, ok := optionValue(place, "latitude").(float64)
			longitude, also := optionValue(place, "longitude").(float64)
			if name != "" && ok && also {
				o.Places = append(o.Places, simulated.Place{Location: name, Latitude: latitude, Longitude: longitude, Timezone: "UTC"})
			}
		}
	}
}

// optionValue returns the value of an option of a struct, or of what points to one;
// nil if there is no such option.
func optionValue(of any, name string) any {
	v := reflect.Indirect(reflect.ValueOf(of))
	if v.Kind() != reflect.Struct {
		return nil
	}
	for _, o := range optionsOf(v.Type()) {
		if o.name == name {
			return v.FieldByIndex(o.index).Interface()
		}
	}
	return nil
}
