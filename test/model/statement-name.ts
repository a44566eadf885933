/**
 * What a statement does, in a few words that are the same for both databases: `update bindings.code_number by
 * account_id+terminal_id+code_number`.
 */
export function statementName(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = nameOf(sql);
    names.set(sql, name);
  }
  return name;
}

const names = new Map<string, string>();

function nameOf(sql: string): string {
  const text = sql.replaceAll('"', '').replace(/\s+/g, ' ').trim().toLowerCase();
  const insert = /insert into (\w+)/.exec(text);
  if (insert !== null) {
    return `insert ${insert[1]}${/on conflict .*do nothing/.test(text) ? ' unless taken' : text.includes('on conflict') ? ' or replace' : ''}`;
  }
  const update = /^update (\w+) set (\w+)/.exec(text);
  if (update !== null) {
    return `update ${update[1]}.${update[2]}${by(text)}`;
  }
  const select = /^select .*? from (\w+)/.exec(text);
  if (select !== null) {
    return `select ${/count\(/.test(text) ? 'count of ' : ''}${select[1]}${by(text)}`;
  }
  return /^start transaction/.test(text) || /^begin/.test(text) ? 'begin' : (/^(commit|rollback|savepoint|release)/.exec(text)?.[1] ?? text.slice(0, 60));
}

/** The columns that a statement looks at, in the order in which it does. */
function by(text: string): string {
  const where = / where (.*)/.exec(text)?.[1]?.replace(/ (order by|limit|returning) .*/, '') ?? '';
  const columns = [...where.matchAll(/(\w+) (?:=|<=|<|>|is|in) /g)].map(([, column]) => column);
  return columns.length === 0 ? '' : ` by ${columns.join('+')}`;
}
