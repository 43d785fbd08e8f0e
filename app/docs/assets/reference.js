// Starts Redoc on /reference. Its own search needs a worker made of a blob; the browser's search does as well.
"use strict";

// A record holds the records around it, and those hold theirs: circles that Redoc would follow until memory ends.
// Here references are followed as far as from a page to a record to what it refers to; then a name stands for them.
const DEPTH = 3;

function unfolded(value, schemas, depth) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((each) => unfolded(each, schemas, depth));
  const { $ref, ...rest } = value;
  const name = typeof $ref === "string" ? $ref.split("#/components/schemas/")[1] : undefined;
  const found = schemas[name];
  if (found === undefined) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unfolded(each, schemas, depth)]));
  }
  const shown = depth > 0 ? unfolded(found, schemas, depth - 1) : { type: found.type, description: found.description };
  return { title: name, ...shown, ...unfolded(rest, schemas, depth) };
}

const options = {
  disableSearch: true,
  hideDownloadButtons: true, // it would be of the unfolded document; openapi.json is linked above
  hideHostname: true,
  hideSchemaPattern: true, // descriptions say it in words
  jsonSamplesExpandLevel: 3,
  nativeScrollbars: true,
  sanitize: true,
  theme: {
    colors: { primary: { main: "#1d4f91" }, text: { primary: "#1c2330" } },
    sidebar: { backgroundColor: "#f5f6f8", textColor: "#1c2330" },
    rightPanel: { backgroundColor: "#232b38" },
    typography: {
      fontSize: "15px",
      fontFamily: "sans-serif",
      headings: { fontFamily: "sans-serif", fontWeight: "600" },
      code: { fontFamily: "monospace", fontSize: "13px", color: "#1c2330", backgroundColor: "#eef0f3" },
    },
  },
};

async function show(place) {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json answers ${answer.status}`);
  const document = await answer.json();
  const { schemas = {}, ...components } = document.components ?? {};
  Redoc.init(unfolded({ ...document, components }, schemas, DEPTH), options, place);
}

const place = document.getElementById("ui");
show(place).catch((error) => {
  place.textContent = `The document cannot be shown: ${error.message}.`;
});
