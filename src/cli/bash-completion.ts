/**
 * Completion in bash, also in that of macOS (3.2), and without the package bash-completion. Nothing of the line or of the
 * answer is evaluated. Where bash takes `:` and `=` for ends of words, it replaces only what follows the last one.
 */
export const bashCompletion = `# bash completion for autopilot
_autopilot_complete() {
  COMPREPLY=()
  local line=\${COMP_LINE:0:COMP_POINT} typed out answer kept='' before='' IFS=$' \\t\\n'
  local -a words=()
  read -r -a words <<< "$line"
  # The word that is not finished may be empty.
  case $line in *[[:space:]]) words+=('') ;; esac
  while [ "\${#words[@]}" -gt 0 ] && [ "\${words[0]##*/}" != autopilot ]; do words=("\${words[@]:1}"); done
  [ "\${#words[@]}" -gt 1 ] || return 0
  out=$(autopilot complete -- "\${words[@]:1}" 2> /dev/null) || return 0
  typed=\${words[\${#words[@]}-1]}
  case $typed in
    -*=*)
      case $COMP_WORDBREAKS in *=*) ;; *) before=\${typed%%=*}= ;; esac
      typed=\${typed#*=}
      ;;
  esac
  case $COMP_WORDBREAKS in
    *:*) case $typed in *:*) kept=\${typed%"\${typed##*:}"} ;; esac ;;
  esac
  IFS=$'\\n'
  # The last line says what there may be besides: 16 directories, 8 files with these extensions, 0 files.
  case \${out##*:} in
    16)
      compopt -o filenames 2> /dev/null
      while read -r answer; do COMPREPLY+=("$before$answer"); done < <(compgen -d -- "$typed")
      ;;
    8)
      compopt -o filenames 2> /dev/null
      while read -r answer; do
        while read -r line; do
          case $answer in *."$line") COMPREPLY+=("$before$answer") ;; esac
        done <<< "\${out%:*}"
        if [ -d "$answer" ]; then COMPREPLY+=("$before$answer"); fi
      done < <(compgen -f -- "$typed")
      ;;
    0) compopt -o default 2> /dev/null ;;
    *)
      while read -r line; do
        answer=\${line%%$'\\t'*}
        case $answer in
          :* | '') ;;
          "$typed"*) COMPREPLY+=("$before\${answer#"$kept"}") ;;
        esac
      done <<< "$out"
      ;;
  esac
}
complete -F _autopilot_complete autopilot
`
