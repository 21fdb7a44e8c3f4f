// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Runs the `main` methods of command-line classes, several at once, as if each had a JVM of its own.
 *
 *  It prints a port and takes one connection there for each run. The request is a number of strings, each preceded by
 *  its length in bytes: the standard input, the name of the class, its arguments. The answer is the output as it is
 *  printed ('o' or 'e' for standard error, a length, the bytes), and in the end 's' with the status. A peer that
 *  closes its side of the connection ends the run. */
public class ToolHost {
    /** How long a run may take to end after its exit. */
    private static final long patience = 5_000;

    /** The run that a thread belongs to. Threads inherit it from the thread that starts them. */
    private static final InheritableThreadLocal<Run> current = new InheritableThreadLocal<>();

    /** Ends the thread that calls exit. */
    private static final class Exited extends Error {
        private static final long serialVersionUID = 1;

        Exited() { super("exit", null, false, false); }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream output = System.out;
        OutputStream errors = new FileOutputStream(FileDescriptor.err);
        System.setOut(new PrintStream(new RunOutput('o', errors), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new RunOutput('e', errors), true, StandardCharsets.UTF_8));
        System.setIn(new RunInput());
        takeOverExit();
        ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        output.println(listener.getLocalPort());
        while (true) {
            Socket socket = listener.accept();
            new Thread(() -> serve(socket), "connection").start();
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            DataInputStream input = new DataInputStream(socket.getInputStream());
            String[] strings = new String[input.readInt()];
            for (int index = 0; index < strings.length; index++)
                strings[index] = readString(input);
            Run run = new Run(strings[0], socket.getOutputStream());
            run.start(strings[1], Arrays.copyOfRange(strings, 2, strings.length));
            new Thread(() -> run.exitAtEnd(input), "watch").start();
            run.finish();
        } catch (IOException | InterruptedException gone) {
            System.err.println("A run was not answered: " + gone);
        }
    }

    private static String readString(DataInputStream input) throws IOException {
        byte[] bytes = new byte[input.readInt()];
        input.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Lets Kafka's own exits and shutdown hooks concern only the run that they are called in. */
    private static void takeOverExit() throws ReflectiveOperationException {
        for (String name : List.of("org.apache.kafka.common.utils.Exit", "org.apache.kafka.common.utils.internals.Exit")) {
            Class<?> exit;
            try {
                exit = Class.forName(name);
            } catch (ClassNotFoundException otherVersion) {
                continue;
            }
            InvocationHandler end = (proxy, method, values) -> {
                Run run = current.get();
                if (run != null) run.exit((Integer) values[0]);
                current.set(Run.over);
                throw new Exited();
            };
            replace(exit, "setExitProcedure", end);
            replace(exit, "setHaltProcedure", end);
            replace(exit, "setShutdownHookAdder", (proxy, method, values) -> {
                Run run = current.get();
                if (run != null) run.add((Runnable) values[1]);
                return null;
            });
        }
    }

    private static void replace(Class<?> exit, String setter, InvocationHandler handler)
            throws ReflectiveOperationException {
        for (Method method : exit.getMethods()) {
            if (!method.getName().equals(setter)) continue;
            Class<?> type = method.getParameterTypes()[0];
            // `Object`'s methods have no arguments that a handler could take for a status.
            method.invoke(null, Proxy.newProxyInstance(exit.getClassLoader(), new Class<?>[] {type}, handler));
        }
    }

    /** One run of a class. */
    private static final class Run {
        /** Of a thread that has called exit and is only unwinding: what it prints isn't the tool's output any more. */
        static final Run over = new Run("", OutputStream.nullOutputStream());

        final InputStream input;
        private final DataOutputStream answer;
        private final ThreadGroup threads = new ThreadGroup("run");
        private final CountDownLatch done = new CountDownLatch(1);
        private final List<Runnable> hooks = new ArrayList<>();
        private Thread main;
        private Integer status;
        private boolean isEndedByMain;
        private boolean isAnswered;

        Run(String input, OutputStream answer) {
            this.input = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
            this.answer = new DataOutputStream(new BufferedOutputStream(answer));
        }

        void start(String name, String[] arguments) {
            main = new Thread(threads, () -> {
                current.set(this);
                try {
                    ClassLoader loader = new ToolLoader();
                    Thread.currentThread().setContextClassLoader(loader);
                    loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
                    joinOthers();
                    exit(0);
                } catch (Throwable thrown) {
                    Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
                    if (!(cause instanceof Exited)) {
                        System.err.print("Exception in thread \"main\" ");
                        cause.printStackTrace();
                        exit(1);
                    }
                }
            }, "main");
            main.start();
        }

        private List<Thread> alive() {
            Thread[] all = new Thread[threads.activeCount() + 8];
            return Arrays.asList(all).subList(0, threads.enumerate(all));
        }

        /** Waits for the threads that would keep a JVM from ending. */
        private void joinOthers() throws InterruptedException {
            for (Thread thread : alive())
                if (thread != main && !thread.isDaemon()) thread.join();
        }

        /** Ends the threads that the tool has left behind, such as those of a client that it hasn't closed. From Java 20
         *  on this isn't possible, and they stay. (Kafka's threads don't end when they are only interrupted.) */
        private void endOthers() {
            for (Thread thread : alive()) {
                thread.setUncaughtExceptionHandler((ended, reason) -> {});
                try {
                    Thread.class.getMethod("stop").invoke(thread);
                    // Wakes it up to notice.
                    thread.interrupt();
                } catch (ReflectiveOperationException laterVersion) {
                    return;
                }
            }
        }

        /** Sets the status, unless there is one. */
        synchronized void exit(int status) {
            if (this.status != null) return;
            this.status = status;
            isEndedByMain = Thread.currentThread() == main;
            done.countDown();
        }

        synchronized void add(Runnable hook) { hooks.add(hook); }

        /** Waits until the peer closes the connection, and ends the run as a signal would. */
        void exitAtEnd(InputStream connection) {
            try {
                connection.read();
            } catch (IOException closed) {
                // After the answer, this is the normal case.
            }
            exit(143);
        }

        /** Waits for the end, and answers with the status. */
        void finish() throws IOException, InterruptedException {
            done.await();
            List<Runnable> last;
            synchronized (this) { last = new ArrayList<>(hooks); }
            for (Runnable hook : last) {
                Thread thread = new Thread(threads, () -> {
                    current.set(this);
                    hook.run();
                }, "hook");
                thread.start();
                thread.join(patience);
            }
            // It closes its clients.
            if (!isEndedByMain) main.interrupt();
            main.join(patience);
            synchronized (this) {
                isAnswered = true;
                answer.writeByte('s');
                answer.writeInt(status);
                answer.flush();
            }
            endOthers();
        }

        /** Sends output. Returns false if the run has been answered. */
        synchronized boolean write(char kind, byte[] bytes, int offset, int length) {
            if (this == over) return true;
            if (isAnswered) return false;
            try {
                answer.writeByte(kind);
                answer.writeInt(length);
                answer.write(bytes, offset, length);
                answer.flush();
            } catch (IOException cancelled) {
                // Nobody reads it.
            }
            return true;
        }
    }

    /** Standard output or standard error of the run that the printing thread belongs to. */
    private static final class RunOutput extends OutputStream {
        private final char kind;
        /** For what is printed by other threads. */
        private final OutputStream rest;

        RunOutput(char kind, OutputStream rest) {
            this.kind = kind;
            this.rest = rest;
        }

        @Override public void write(int value) throws IOException { write(new byte[] {(byte) value}, 0, 1); }

        @Override public void write(byte[] bytes, int offset, int length) throws IOException {
            // Nothing would look like the end.
            if (length == 0) return;
            Run run = current.get();
            if (run == null || !run.write(kind, bytes, offset, length)) rest.write(bytes, offset, length);
        }
    }

    /** Standard input of the run that the reading thread belongs to. */
    private static final class RunInput extends InputStream {
        private InputStream input() {
            Run run = current.get();
            return run == null ? InputStream.nullInputStream() : run.input;
        }

        @Override public int read() throws IOException { return input().read(); }

        @Override public int read(byte[] bytes, int offset, int length) throws IOException {
            return input().read(bytes, offset, length);
        }

        @Override public int available() throws IOException { return input().available(); }
    }

    /** Loads the classes of the tools anew for each run, because tools keep their state in static fields. The classes
     *  of Kafka's clients, which are made to serve several clients, are those of the host. */
    private static final class ToolLoader extends ClassLoader {
        ToolLoader() { super(ClassLoader.getSystemClassLoader()); }

        @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("kafka.") && !name.startsWith("org.apache.kafka.tools."))
                return super.loadClass(name, resolve);
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                return known == null ? findClass(name) : known;
            }
        }

        @Override protected Class<?> findClass(String name) throws ClassNotFoundException {
            try (InputStream file = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (file == null) throw new ClassNotFoundException(name);
                byte[] bytes = file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException unreadable) {
                throw new ClassNotFoundException(name, unreadable);
            }
        }
    }
}
