" For your vimrc: Devstral in ALE, beside your linters, in every type of file.

" Without it a vimrc of your own leaves Vim not looking for the type of a file.
filetype plugin on
" Types that ALE has a list of its own for (:help g:ale_linters) need one that names devstral.
let g:ale_linters = {'python': ['devstral', 'ruff']}
" What Devstral says is for you: what became of a run, where its answer is.
let g:ale_lsp_show_message_severity = 'information'

autocmd FileType * call s:add(&filetype)
function! s:add(type) abort
  for type in split(a:type, '\.')
    call ale#linter#Define(type, {'name': 'devstral', 'lsp': 'stdio', 'executable': 'devstral-ls',
    \ 'command': '%e serve', 'project_root': function('s:root'), 'initialization_options': {'client': {'name': 'ALE'}}})
  endfor
endfunction

function! s:root(buffer) abort
  let git = ale#path#FindNearestDirectory(a:buffer, '.git')
  return empty(git) ? getcwd() : fnamemodify(git, ':h:h')
endfunction

" :Devstral ask why is this slow?   :'<,'>Devstral edit round to cents   :Devstral fix   :Devstral cancel
command! -range -nargs=+ -complete=custom,s:commands Devstral call s:run(<range>, <line1>, <line2>, <f-args>)
function! s:commands(...) abort
  return join(['ask', 'edit', 'fix', 'explain', 'document', 'test', 'review', 'runInstruction', 'cancel', 'undo',
  \ 'newSession', 'applyProposal', 'discardProposal', 'showDiff', 'showTranscript'], "\n")
endfunction

function! s:run(count, first, last, command, ...) abort
  let obstacle = s:obstacle()
  if !empty(obstacle)
    echohl WarningMsg | echo obstacle | echohl None
    return
  endif
  call ale#Queue(0) " the newest text goes first
  let about = {'textDocument': {'uri': ale#util#ToURI(expand('%:p'))}}
  let about.range = s:range(a:first - 1, a:count ? a:last : a:first - 1)
  if a:command is# 'fix'
    let found = filter(copy(ale#engine#GetLoclist(bufnr(''))), {_, it -> it.lnum >= a:first && it.lnum <= a:last})
    let about.range = s:range(a:first - 1, a:last)
    let about.diagnostics = map(filter(found, {_, it -> it.linter_name isnot# 'devstral'}), {_, it ->
    \ {'message': it.text, 'source': it.linter_name, 'range': s:range(it.lnum - 1, it.lnum)}})
  endif
  if a:0
    let about.prompt = join(a:000)
  endif
  let message = ale#lsp#message#ExecuteCommand('devstral.' . a:command, [about])
  call ale#lsp_linter#SendRequest(bufnr(''), 'devstral', message, function('s:answered'))
endfunction

function! s:obstacle() abort
  if !executable('devstral-ls')
    return 'devstral-ls is not found on PATH'
  elseif empty(&filetype)
    return 'Devstral needs a file of a type: see :help filetype'
  elseif empty(filter(ale#linter#Get(&filetype), {_, it -> it.name is# 'devstral'}))
    return 'Devstral is not in g:ale_linters for ' . &filetype
  endif
  return ''
endfunction

function! s:range(first, last) abort
  return {'start': {'line': a:first, 'character': 0}, 'end': {'line': a:last, 'character': 0}}
endfunction

function! s:answered(response) abort
  if has_key(a:response, 'error')
    call ale#util#ShowMessage('Devstral: ' . a:response.error.message)
  endif
endfunction
