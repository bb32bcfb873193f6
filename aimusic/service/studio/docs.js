// The page of the API: draws /openapi.json, one fold for each operation and each schema.

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function link(schema) {
  const name = schema.$ref.split("/").pop();
  const made = element("a", name);
  made.href = `#schema-${name}`;
  return made;
}

// What a schema takes, as text and links: "number 1 to 300, or null".
function kind(schema) {
  if (schema.$ref) return [link(schema)];
  if (schema.anyOf) return schema.anyOf.flatMap((each, k) => (k ? [" or ", ...kind(each)] : kind(each)));
  if (schema.enum) return [schema.enum.map((each) => JSON.stringify(each)).join(", ")];
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.items) return ["list of ", ...kind(schema.items)];
  const bounds = "minimum" in schema || "maximum" in schema ? ` ${schema.minimum ?? "…"} to ${schema.maximum ?? "…"}` : "";
  return [(schema.format ?? schema.type ?? "anything") + bounds];
}

function table(rows) {
  const made = element("table");
  for (const [name, what, description] of rows) {
    made.append(element("tr", "", element("td", "", element("code", name)), element("td", "", ...what), element("td", description)));
  }
  return made;
}

function operation(path, method, described) {
  const name = element("span", method);
  name.className = "method";
  const fold = element("details", "", element("summary", "", name, element("code", path), ` ${described.summary}`));
  fold.id = described.operationId;
  if (described.parameters.length) {
    fold.append(element("h3", "Parameters"));
    fold.append(table(described.parameters.map((each) => [each.name, kind(each.schema), `${each.in}. ${each.description ?? ""}`])));
  }
  if (described.requestBody) {
    const [[media, { schema }]] = Object.entries(described.requestBody.content);
    fold.append(element("h3", "Body"), element("p", "", `${media}: `, ...kind(schema)));
    if (method === "post") fold.append(element("pre", curl(path)));
  }
  fold.append(element("h3", "Answers"));
  fold.append(table(Object.entries(described.responses).map(([status, answer]) => [status, content(answer), answer.description])));
  return fold;
}

function content(answer) {
  const [first] = Object.entries(answer.content ?? {});
  if (!first) return ["nothing"];
  return first[1].schema.$ref ? kind(first[1].schema) : [first[0]];
}

function curl(path) {
  return `curl -X POST ${location.origin}${path} \\\n     -H 'Content-Type: application/json' -d '{"duration": 30}'`;
}

function schema(name, described) {
  const fold = element("details", "", element("summary", "", element("code", name), ` ${described.description ?? ""}`));
  fold.id = `schema-${name}`;
  const fields = Object.entries(described.properties ?? {});
  fold.append(table(fields.map(([field, each]) => [field, kind(each), each.description ?? ""])));
  return fold;
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

async function draw() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the description cannot be read (${answer.status})`);
  const { paths, components } = await answer.json();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operation(path, method, described)));
  document.getElementById("operations").replaceChildren(...operations);
  document.getElementById("schemas").replaceChildren(
    ...Object.entries(components.schemas).map(([name, described]) => schema(name, described)));
  document.getElementById("state").textContent = `${operations.length} operations`;
  openTarget();
}

window.addEventListener("hashchange", openTarget);
draw().catch((error) => { document.getElementById("state").textContent = error.message; });
