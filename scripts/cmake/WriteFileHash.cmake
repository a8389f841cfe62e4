# cmake -D FILE=... -D NAME=kName -D OUT=header -P WriteFileHash.cmake: a constant that changes with the file.
file(SHA256 "${FILE}" hash)
string(SUBSTRING "${hash}" 0 8 hash)
file(WRITE "${OUT}" "#pragma once\ninline constexpr char ${NAME}[] = \"${hash}\";\n")
