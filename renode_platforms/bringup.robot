*** Settings ***
Documentation       Starts an image of pytest-arielml in Renode, and asks it over its UART.
...
...                 robot --variable IMAGE:image.elf --variable BOARD:nrf52840 bringup.robot
...
...                 With `--variable PORT:N` it uses the robot server of a Renode that runs
...                 on port N already.
Library             bringup.py
Suite Setup         Connect To Renode
Suite Teardown      End Renode
Test Teardown       Let Go Of The Board

*** Variables ***
${IMAGE}            image.elf
${BOARD}            nrf52840
${PORT}             ${NONE}

*** Test Cases ***
The Image Greets
    Start The Board
    ${name}=    Board Should Greet
    Should Be Equal    ${name}    ${BOARD}

The Module Loads
    Start The Board
    Board Should Greet
    ${exports}=    Load The Module
    Should Not Be Empty    ${exports}

Time Goes On And The Core Works
    Start The Board
    Board Should Greet
    ${before}=    Execute Python
    ...    str(monitor.Machine["sysbus.cpu"].ExecutedInstructions)
    Load The Module
    ${after}=    Execute Python
    ...    str(monitor.Machine["sysbus.cpu"].ExecutedInstructions)
    Should Be True    ${after} > ${before}

The Board Starts Again
    Start The Board
    Board Should Greet
    Reset The Board
    ${name}=    Board Should Greet
    Should Be Equal    ${name}    ${BOARD}

*** Keywords ***
Connect To Renode
    ${port}=    Start Renode    ${PORT}
    Import Library    Remote    http://127.0.0.1:${port}

Start The Board
    Reset Emulation
    ${image}=    Monitor Path    ${IMAGE}
    Execute Command    $image=${image}
    Execute Script    ${CURDIR}/${BOARD}.resc
    ${uart}=    Free Port
    Execute Command    emulation CreateServerSocketTerminal ${uart} "wire" false
    Execute Command    connector Connect sysbus.uart0 wire
    Connect To The Uart    ${uart}
    Start Emulation

Let Go Of The Board
    Leave The Uart
    Reset Emulation
