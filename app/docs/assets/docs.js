// Starts Swagger UI on /docs.
"use strict";

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  persistAuthorization: false,
  validatorUrl: "none",
});
