// Swagger UI over the contract. In the sandbox it begins with everything authorised; what
// is to be looked up, such as the codes, stands at the end of the page.
const reference = () => {
  const heading = [...document.querySelectorAll(".info h2")].find((h) => h.textContent.trim() === "Reference");
  if (!heading) return;
  const rest = [];
  for (let at = heading; at; at = at.nextElementSibling) rest.push(at);
  document.getElementById("reference").replaceChildren(...rest);
};

const authorise = async () => {
  const { sandbox } = await (await fetch("/console/session")).json();
  if (!sandbox) return;
  const keys = { "app-id": sandbox.app, "app-key": sandbox.key, "Content-Type": "application/json" };
  const minted = await (await fetch("/inner/get_token", { method: "POST", headers: keys, body: JSON.stringify({ session: "1001", platform: 1 }) })).json();
  ui.preauthorizeApiKey("appID", sandbox.app);
  ui.preauthorizeApiKey("serverKey", sandbox.key);
  ui.preauthorizeApiKey("adminKey", sandbox.admin_key);
  ui.preauthorizeApiKey("clientToken", minted.data);
};

// The token comes first in its groups, all else as the contract has it.
const first = (operation) => Number(operation.getIn(["operation", "operationId"]) === "mintToken");

const ui = SwaggerUIBundle({
  operationsSorter: (a, b) => first(b) - first(a),
  url: "/openapi.yaml", dom_id: "#contract", deepLinking: true, validatorUrl: null, docExpansion: "list",
  showExtensions: true, showCommonExtensions: true, defaultModelsExpandDepth: -1, persistAuthorization: false,
  onComplete: () => { reference(); authorise(); },
});
