// Swagger UI, with forms that can be sent as they stand: it would fill every text field with the word "string".

const OPTIONS = {
  dom_id: "#swagger",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: withoutEmptyFields,
};

function withoutEmptyFields(request) {
  if (request.body instanceof FormData) {
    for (const name of [...request.body.keys()]) {
      const value = request.body.get(name); // a text, or a blob where the field has a media type
      if (name !== "file" && (value.size ?? value.length) === 0) {
        request.body.delete(name);
      }
    }
  }
  return request;
}

function withEmptyFields(spec) {
  for (const path of Object.values(spec.paths)) {
    for (const operation of Object.values(path)) {
      const form = operation.requestBody?.content["multipart/form-data"]?.schema.properties ?? {};
      for (const field of Object.values(form)) {
        field.example ??= "";
      }
    }
  }
  return spec;
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((spec) => SwaggerUIBundle({ ...OPTIONS, spec: withEmptyFields(spec) }));
