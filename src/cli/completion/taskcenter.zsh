#compdef taskcenter
# Completion of taskcenter for zsh: source <(taskcenter completion zsh), or as a file _taskcenter in the function path.
#
# Everything that is known of commands and options is asked of the program, whose answer is a line WORD<tab>MEANING for
# each word and a last line :OTHERS. A program that fails, or that is gone, offers nothing and says nothing.
_taskcenter() {
  local program=${(Q)words[1]/#\~/$HOME} line others=
  local -a answers described
  answers=("${(@f)$("$program" completion words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  for line in $answers; do
    case $line in
      :*) others=${line#:} ;;
      *$'\t') described+=("${${line%$'\t'}//:/\\:}") ;;
      *) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  if (( $#described )); then _describe -t taskcenter taskcenter described; return; fi
  [[ $PREFIX == --*=* ]] && compset -P '*='
  case $others in
    files) _files ;;
    directories) _files -/ ;;
    commands) _command_names -e ;;
    *) return 1 ;;
  esac
}
if [[ $funcstack[1] == _taskcenter ]]; then _taskcenter "$@"; else compdef _taskcenter taskcenter; fi
