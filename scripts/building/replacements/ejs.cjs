const tag = /<%=\s*([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*%>/g;

/** The ejs package, which is asked only about templates that do more than to name values (`<%= config.bin %>`). */
exports.render = (template, data, options) => {
  const values = [...template.matchAll(tag)].map(([, path]) => valueAt(data, path));
  const isEasy = options === undefined && !/<%|%>/.test(template.replace(tag, '')) && values.every(isPlain);
  return isEasy ? template.replace(tag, () => values.shift()) : require('ejs').render(template, data, options);
};

function valueAt(data, path) {
  return path.split('.').reduce((value, name) => value?.[name], data);
}

/** What is printed as it is: nothing to be escaped. */
function isPlain(value) {
  return typeof value === 'string' && !/[&<>'"]/.test(value);
}
