// Shows /embed with the address that follows this page's own.
document.querySelector('iframe').src = `/embed?${decodeURIComponent(location.search.slice(1))}`;
