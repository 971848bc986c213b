/** Texts of tasks and agents that would do something where they are taken for more than text. */
export const hostileTexts = [
  '</script><script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 2">',
  '<!-- <script> -->',
  ']]></system-out><failure>',
  '"\' onload=alert(1) &amp; &#x41;',
  '@somebody please look, closes #12, see https://evil.example/ and ![x](https://evil.example/x.png)',
  '`@team` ``` ~~~ | pipe | *bold* [link](javascript:alert(1)) <b>html</b>',
  '::error::taken for a command',
  '##[error]taken for a command',
  '\u001b[31mred\u0007 \u0000nul \u200bhidden \u202edrawkcab \ufffe \ud800lone',
  'an escape sequence that was cut off \u001b[3',
  'line\u2028separator\u2029and\rreturn\r\n- not a list\n# not a heading',
] as const
